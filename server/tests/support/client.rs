//! A founded log for the real binary, and a client of the server.

use std::path::{Path, PathBuf};

use tonic::{Status, transport::Channel};
use trucelog_proto::{
    checkpoint::Checkpoint,
    note::Note,
    pb::{
        self, get_entry_request::Name, log_service_client::LogServiceClient,
        submission_service_client::SubmissionServiceClient,
    },
};

use super::{
    TestLog,
    process::{Server, init},
};

/// A founded log and its files.
pub(crate) struct Fixture {
    pub(crate) log: TestLog,
    pub(crate) dir: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::of(TestLog::new(9))
    }

    pub(crate) fn of(log: TestLog) -> Self {
        Self::found(log, tempfile::tempdir().unwrap())
    }

    /// Founds the log again where its data and anchor were removed.
    pub(crate) fn again(fixture: Self) -> Self {
        Self::found(TestLog::new(9), fixture.dir)
    }

    fn found(log: TestLog, dir: tempfile::TempDir) -> Self {
        let fixture = Self { log, dir };
        fixture.log.write_files(fixture.path());
        let output = init(fixture.path());
        assert!(output.status.success(), "{output:?}");
        fixture
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Starts the server, submits `count` records, and kills the server.
    pub(crate) async fn append(&mut self, count: u64) {
        let server = Server::start(self.path());
        let mut client = Client::connect(&server).await;
        for _ in 0..count {
            client.submit(self.log.enrolment_next()).await.unwrap();
        }
        server.kill();
    }

    pub(crate) fn open(&self, note: &[u8]) -> Checkpoint {
        let identity = &self.log.identity;
        let opened = Checkpoint::open(note, &identity.verifier_key(), &identity.log.origin);
        opened.unwrap().checkpoint().clone()
    }
}

pub(crate) struct Client {
    pub(crate) submissions: SubmissionServiceClient<Channel>,
    pub(crate) log: LogServiceClient<Channel>,
}

impl Client {
    pub(crate) async fn connect(server: &Server) -> Self {
        let channel = server.channel().await;
        Self {
            submissions: SubmissionServiceClient::new(channel.clone()),
            log: LogServiceClient::new(channel),
        }
    }

    pub(crate) async fn submit(
        &mut self,
        submission: pb::Submission,
    ) -> Result<pb::Receipt, Status> {
        self.submit_and_wait(submission, pb::WaitFor::Checkpointed)
            .await
    }

    pub(crate) async fn submit_and_wait(
        &mut self,
        submission: pb::Submission,
        wait_for: pb::WaitFor,
    ) -> Result<pb::Receipt, Status> {
        let request = pb::SubmitRequest {
            submission: Some(submission),
            wait_for: wait_for.into(),
        };
        let response = self.submissions.submit(request).await?;
        Ok(response.into_inner().receipt.unwrap())
    }

    pub(crate) async fn checkpoint(&mut self) -> Vec<u8> {
        self.checkpoint_of(pb::CheckpointKind::Signed)
            .await
            .unwrap()
    }

    pub(crate) async fn checkpoint_of(
        &mut self,
        kind: pb::CheckpointKind,
    ) -> Result<Vec<u8>, Status> {
        let request = pb::GetCheckpointRequest { kind: kind.into() };
        let response = self.log.get_checkpoint(request).await?;
        Ok(response.into_inner().checkpoint)
    }

    /// The size of the newest signed checkpoint.
    pub(crate) async fn size(&mut self) -> u64 {
        let note = Note::parse(&self.checkpoint().await).unwrap();
        Checkpoint::parse(note.text()).unwrap().size.get()
    }

    pub(crate) async fn add_cosignature(
        &mut self,
        checkpoint: Vec<u8>,
    ) -> Result<pb::AddCosignatureResponse, Status> {
        let request = pb::AddCosignatureRequest { checkpoint };
        Ok(self.log.add_cosignature(request).await?.into_inner())
    }

    pub(crate) async fn entry(&mut self, name: Name) -> Result<pb::GetEntryResponse, Status> {
        let request = pb::GetEntryRequest { name: Some(name) };
        Ok(self.log.get_entry(request).await?.into_inner())
    }
}

pub(crate) fn record_of(submission: &pb::Submission) -> Vec<u8> {
    submission.signed_record.clone().unwrap().record
}
