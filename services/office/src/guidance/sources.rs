//! When guidance is issued that carries out a paper of the county, the paper knows (relay-and-sharing.md §8.4, GUIDANCE_ISSUED).

use prost::Name as _;
use runtime::db::Tx;
use runtime::execute::Writer;
use runtime::journal::Positioned;
use runtime::refusal::Failure;
use runtime::subscription::Reaction;
use townlink_proto::townlink::office::v1 as pb;

use crate::inbox;
use crate::inbox::state::PaperName;

/// The reaction to the office's own journal.
pub(crate) struct Sources(Writer);

impl Sources {
    /// The reaction over the office's database.
    pub(crate) fn new(writer: Writer) -> Self {
        Self(writer)
    }
}

impl Reaction for Sources {
    fn name(&self) -> &'static str {
        "guidance-sources"
    }

    fn kinds(&self) -> Vec<String> {
        vec![pb::GuidanceRecorded::full_name()]
    }

    async fn react(&self, tx: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
        let Some(recorded) = entry.event::<pb::GuidanceRecorded>()? else { return Ok(()) };
        let issued = recorded.change() == pb::GuidanceChange::Issued;
        let guidance = recorded.guidance.filter(|_| issued);
        let paper = guidance.as_ref().and_then(|guidance| PaperName::parse(&guidance.source_paper));
        match (guidance, paper) {
            (Some(guidance), Some(paper)) => {
                inbox::guided(&self.0, tx, &paper, &guidance.name, self.0.clock().now()).await
            }
            _ => Ok(()),
        }
    }
}
