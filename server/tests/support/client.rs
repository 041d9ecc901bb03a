//! A founded log for the real binary, and a client of the server.

use std::path::{Path, PathBuf};

use tonic::{Status, transport::Channel};
use trucelog_proto::{
    checkpoint::Checkpoint,
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
        Self::found(tempfile::tempdir().unwrap())
    }

    /// Founds the log again where its data and anchor were removed.
    pub(crate) fn again(fixture: Self) -> Self {
        Self::found(fixture.dir)
    }

    fn found(dir: tempfile::TempDir) -> Self {
        let fixture = Self {
            log: TestLog::new(9),
            dir,
        };
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
        let request = pb::SubmitRequest {
            submission: Some(submission),
            wait_for: pb::WaitFor::Checkpointed.into(),
        };
        let response = self.submissions.submit(request).await?;
        Ok(response.into_inner().receipt.unwrap())
    }

    pub(crate) async fn checkpoint(&mut self) -> Vec<u8> {
        let request = pb::GetCheckpointRequest {
            kind: pb::CheckpointKind::Signed.into(),
        };
        self.log
            .get_checkpoint(request)
            .await
            .unwrap()
            .into_inner()
            .checkpoint
    }

    pub(crate) async fn entry(&mut self, name: Name) -> Result<pb::GetEntryResponse, Status> {
        let request = pb::GetEntryRequest { name: Some(name) };
        Ok(self.log.get_entry(request).await?.into_inner())
    }
}

pub(crate) fn record_of(submission: &pb::Submission) -> Vec<u8> {
    submission.signed_record.clone().unwrap().record
}
