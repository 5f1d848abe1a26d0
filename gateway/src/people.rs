//! What a person may do: the gateway keeps no roster and asks the office.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use runtime::caller::PersonId;
use runtime::directory::Directory;
use runtime::people::{People, Post, Standing};
use runtime::refusal::Failure;
use runtime::refusal::fields::day_to_wire;
use townlink_proto::townlink::office::v1 as office;
use townlink_proto::townlink::office::v1::roster_service_client::RosterServiceClient;
use vocabulary::{Date, Institution};

use crate::OFFICE;

/// The post of those who lead the town, as the office writes it.
const LEADERS: &str = "LEADERS";

/// The roster, at the office.
#[derive(Clone)]
pub(crate) struct Roster {
    directory: Directory,
}

impl Roster {
    /// Asks over the channels of a directory.
    pub(crate) fn new(directory: Directory) -> Self {
        Self { directory }
    }

    async fn ask(&self, person: &PersonId, on: Date) -> Result<Option<Standing>, Failure> {
        let mut office = RosterServiceClient::new(self.directory.channel(OFFICE)?);
        let request = office::GetStandingRequest { person: person.to_string(), date: Some(day_to_wire(on)) };
        let answer = office.get_standing(request).await;
        let standing = answer.map_err(|status| Failure::unavailable("the office's roster", status))?.into_inner();
        read(standing)
    }
}

fn read(standing: office::Standing) -> Result<Option<Standing>, Failure> {
    let post = match standing.post.as_str() {
        "" => return Ok(None),
        LEADERS => Post::TownLeaders,
        code => Post::Institution(code.parse::<Institution>().map_err(Failure::internal)?),
    };
    Ok(Some(Standing { post, roles: standing.roles }))
}

impl People for Roster {
    fn standing<'a>(&'a self, person: &'a PersonId, on: Date) -> BoxFuture<'a, Result<Option<Standing>, Failure>> {
        self.ask(person, on).boxed()
    }
}
