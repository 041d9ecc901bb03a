//! `trucelog propose membership`.

use clap::Args;
use trucelog_proto::pb;
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::signature::PublicKey;

use super::super::args::{named, public_key};
use super::Common;

/// Ask who is a member.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog propose membership --change admit --code NOR --name Norway --authority-key nor/authority.pub \\
      --recovery-key nor/recovery.pub --title \"Admission of Norway\" --station-dir authority
  trucelog propose membership --change suspend --code FRA --title \"Key held hostage\" --station-dir authority")]
pub(in super::super) struct Membership {
    /// admit, suspend, reinstate or depart.
    #[arg(long, value_parser = |text: &str| named(text, "MEMBERSHIP_CHANGE_", pb::MembershipChange::from_str_name))]
    change: pb::MembershipChange,
    /// Code of the member that is admitted, suspended, reinstated or departs.
    #[arg(long)]
    code: String,
    /// Name in plain words; with admit.
    #[arg(long, default_value = "")]
    name: String,
    /// Key of its station authority; with admit.
    #[arg(long, value_name = "FILE|HEX", value_parser = public_key)]
    authority_key: Option<PublicKey>,
    /// Key that may only replace the authority key; with admit.
    #[arg(long, value_name = "FILE|HEX", value_parser = public_key)]
    recovery_key: Option<PublicKey>,
    #[command(flatten)]
    common: Common,
}

impl Membership {
    pub(super) fn question(self) -> (Question, Common) {
        let bytes =
            |key: Option<PublicKey>| key.map_or_else(Vec::new, |key| key.as_bytes().to_vec());
        let membership = pb::MembershipProposal {
            change: self.change.into(),
            member: Some(pb::CharterMember {
                code: self.code,
                name: self.name,
                authority_key: bytes(self.authority_key),
                recovery_key: bytes(self.recovery_key),
            }),
        };
        (Question::Membership(membership), self.common)
    }
}
