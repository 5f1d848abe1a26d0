//! What the service that holds a case says of it, asked in the name of the supervising officer, before the transaction.
//!
//! A service that this town does not have is a refusal that names it; one that is away is a failure, and the officer tries again; what
//! the service refuses is a refusal here too.

use runtime::access::Access;
use runtime::caller::ServiceName;
use runtime::directory::{Directory, PeerChannel};
use runtime::page::SIZE_MAX;
use runtime::refusal::{Denial, Failure, Refusal as Wire, read};
use tonic::{Code, Response, Status};
use townlink_proto::townlink::casework::v1 as casework;
use townlink_proto::townlink::casework::v1::case_file_service_client::CaseFileServiceClient;

use super::state::{CaseLine, Sample};
use super::wire::line::read_line;
use crate::fields::day_to_wire;
use crate::oversight::refusal::{CaseFault, Refusal};
use crate::oversight::settings::Rules;

/// How many cases one list may have.
const LISTED_MAX: usize = 50_000;

/// What an absent case is called.
const KIND: &str = "casework.townlink/Case";

/// The service of a name, where it holds cases and this town has it.
pub(crate) fn configured(rules: &Rules, directory: &Directory, name: &str) -> Result<ServiceName, Refusal> {
    let service = rules.service(name).filter(|service| directory.channel(*service).is_ok());
    service.ok_or_else(|| Refusal::Service { service: name.to_owned() })
}

type Client = CaseFileServiceClient<PeerChannel>;

fn client(directory: &Directory, service: ServiceName, access: &Access) -> Result<Client, Failure> {
    Ok(CaseFileServiceClient::new(directory.channel_for(service, access)?))
}

/// The status line of a case.
pub(crate) async fn line(
    directory: &Directory,
    service: ServiceName,
    access: &Access,
    name: &str,
) -> Result<CaseLine, Denial> {
    let request = casework::GetCaseLineRequest { name: name.to_owned() };
    let answer = client(directory, service, access)?.get_case_line(request).await;
    let line = answered(name, answer)?;
    let read = (line.name == name).then(|| read_line(line)).flatten();
    read.ok_or_else(|| refused(name, CaseFault::Unreadable))
}

/// The names of the cases that were closed in the quarter of a sample.
pub(crate) async fn closed(
    directory: &Directory,
    service: ServiceName,
    access: &Access,
    sample: &Sample,
) -> Result<Vec<String>, Denial> {
    let mut client = client(directory, service, access)?;
    let list = format!("{} {} {service}", sample.quarter, sample.field);
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = casework::ListClosedCasesRequest {
            field: sample.field.to_string(),
            supervisor: sample.institution.code().to_owned(),
            from: Some(day_to_wire(sample.quarter.first_day())),
            to: Some(day_to_wire(sample.quarter.end())),
            page_size: i32::try_from(SIZE_MAX).unwrap_or(i32::MAX),
            page_token,
        };
        let page = answered(&list, client.list_closed_cases(request).await)?;
        for case in page.cases {
            let line = read_line(case).filter(|line| is_of(line, sample));
            names.push(line.ok_or_else(|| refused(&list, CaseFault::Unreadable))?.name);
        }
        if names.len() > LISTED_MAX {
            return Err(refused(&list, CaseFault::TooMany));
        }
        if page.next_page_token.is_empty() {
            return Ok(names);
        }
        page_token = page.next_page_token;
    }
}

/// Whether a case is one of those that were asked for: an office that draws from anything else draws wrong.
fn is_of(line: &CaseLine, sample: &Sample) -> bool {
    let in_time = |closed| sample.quarter.first_day() <= closed && closed < sample.quarter.end();
    line.closed.is_some_and(in_time) && line.field == sample.field && line.supervisor == sample.institution
}

fn refused(case: &str, fault: CaseFault) -> Denial {
    Wire::from(Refusal::Case { case: case.to_owned(), fault }).into()
}

fn answered<T>(case: &str, answer: Result<Response<T>, Status>) -> Result<T, Denial> {
    let status = match answer {
        Ok(answer) => return Ok(answer.into_inner()),
        Err(status) => status,
    };
    let seen = read(&status).filter(|seen| !seen.code.is_empty());
    match (status.code(), seen) {
        (Code::NotFound, _) => Err(Denial::NotFound { kind: KIND, name: case.to_owned() }),
        (Code::InvalidArgument, _) => Err(refused(case, CaseFault::Unreadable)),
        (_, Some(seen)) => {
            let fault = CaseFault::Refused { code: seen.code, message: status.message().to_owned() };
            Err(refused(case, fault))
        }
        (_, None) => Err(Failure::unavailable("the service that holds the case", status).into()),
    }
}
