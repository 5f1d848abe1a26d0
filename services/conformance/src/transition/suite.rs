//! What every service that holds cases must do when an authority ends.
//!
//! The suite stands in March 2026: it files work in the past, ends authorities in the past and in the future, and so needs no clock
//! to be moved. Each rule uses a power of its own.

use std::future::Future;

use runtime::refusal::read;
use tonic::transport::Channel;
use tonic::{Code, Status};
use townlink_proto::google::r#type as google;
use townlink_proto::townlink::transition::v1 as pb;
use townlink_proto::townlink::transition::v1::transition_service_client::TransitionServiceClient;
use uuid::Uuid;
use vocabulary::Date;

/// The day on which the town of the suite stands.
pub const TODAY: Date = Date::constant(2026, 3, 2);

/// Work that the suite asks a service to have.
#[derive(Clone, Debug)]
pub struct Seed {
    /// A word for its name, so that the work of one power comes in this order.
    pub name: String,
    /// The power that it rests on.
    pub power_code: String,
    /// The day on which it was filed.
    pub filed: Date,
    /// The day on which it was decided; none: it is open.
    pub decided: Option<Date>,
}

/// A service under test.
pub struct Subject<S, D> {
    /// The service, as the office reaches it.
    pub channel: Channel,
    /// Files work by the service's own means, and gives its name.
    pub seed: S,
    /// Decides work, by its name, on [`TODAY`], by the service's own means.
    pub decide: D,
}

/// Checks a service.
///
/// # Panics
/// With the first rule that does not hold.
pub async fn check<S, SF, D, DF>(subject: Subject<S, D>)
where
    S: Fn(Seed) -> SF,
    SF: Future<Output = String>,
    D: Fn(String) -> DF,
    DF: Future<Output = Result<(), Status>>,
{
    let trial = Trial { client: TransitionServiceClient::new(subject.channel.clone()), subject };
    trial.open_work_is_listed_by_name().await;
    trial.what_is_transferred_is_not_decided_and_goes_to_the_county().await;
    trial.what_the_document_lets_finish_is_finished().await;
    trial.what_was_not_finished_in_time_goes_to_the_county().await;
    trial.until_the_day_nothing_changes().await;
    trial.other_work_is_not_touched().await;
    trial.an_authority_ends_once_and_in_one_way().await;
    trial.malformed_requests_are_told_by_field().await;
}

const PAST: Date = Date::constant(2026, 2, 1);
const FUTURE: Date = Date::constant(2026, 6, 1);
const FILED: Date = Date::constant(2026, 1, 15);

struct Trial<S, D> {
    client: TransitionServiceClient<Channel>,
    subject: Subject<S, D>,
}

impl<S, SF, D, DF> Trial<S, D>
where
    S: Fn(Seed) -> SF,
    SF: Future<Output = String>,
    D: Fn(String) -> DF,
    DF: Future<Output = Result<(), Status>>,
{
    async fn file(&self, power: &str, name: &str, filed: Date, decided: Option<Date>) -> String {
        let seed = Seed { name: format!("{power}-{name}"), power_code: power.to_owned(), filed, decided };
        (self.subject.seed)(seed).await
    }

    async fn decide(&self, name: &str) -> Result<(), String> {
        (self.subject.decide)(name.to_owned()).await.map_err(|status| reason(&status))
    }

    async fn end(&self, request: pb::EndAuthorityRequest) -> Result<pb::EndAuthorityResponse, Status> {
        self.client.clone().end_authority(request).await.map(tonic::Response::into_inner)
    }

    async fn hand_over(&self, name: &str) -> Result<pb::OpenWork, String> {
        let request = pb::HandOverRequest { request_id: fresh(), name: name.to_owned() };
        let answer = self.client.clone().hand_over(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| reason(&status))
    }

    /// The work under a power, page by page, with how it stands.
    async fn listed(&self, power: &str, at: Option<Date>) -> Vec<(String, pb::WorkStatus)> {
        let (mut found, mut page_token) = (Vec::new(), String::new());
        loop {
            let power_code = power.to_owned();
            let request = pb::ListOpenWorkRequest { page_size: 1, page_token, power_code, at: at.map(wire) };
            let page = self.client.clone().list_open_work(request).await.expect("a page of open work").into_inner();
            assert!(page.work.len() <= 1, "a page has as many rows as were asked for");
            found.extend(page.work.into_iter().map(|work| (work.name.clone(), work.status())));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return found;
            }
        }
    }

    async fn open_work_is_listed_by_name(&self) {
        let power = "CF-LIST";
        let one = self.file(power, "1", FILED, None).await;
        let two = self.file(power, "2", FUTURE, None).await;
        self.file(power, "3", FILED, Some(PAST)).await;
        let four = self.file(power, "4", PAST, None).await;
        self.file("CF-LIST-OTHER", "5", FILED, None).await;
        let open = |name: &String| (name.clone(), pb::WorkStatus::Open);
        assert_eq!(
            self.listed(power, None).await,
            [open(&one), open(&four)],
            "what was filed before today and is open"
        );
        let later = Date::constant(2026, 12, 31);
        assert_eq!(self.listed(power, Some(later)).await, [open(&one), open(&two), open(&four)]);
        assert_eq!(self.listed(power, Some(PAST)).await[0], open(&one), "filed before the day, not on it");
        assert!(!self.listed(power, Some(PAST)).await.contains(&open(&four)));
    }

    async fn what_is_transferred_is_not_decided_and_goes_to_the_county(&self) {
        let power = "CF-TRANSFER";
        let name = self.file(power, "1", FILED, None).await;
        assert_eq!(self.hand_over(&name).await.expect_err("the authority stands"), "AU_TRANSITION");
        let ended = self.end(request(power, PAST, pb::TransitionClause::Transfer, None)).await.expect("it ends");
        assert_eq!((ended.accepted, ended.work.len()), (1, 1));
        assert_eq!(
            (ended.work[0].name.as_str(), ended.work[0].status()),
            (name.as_str(), pb::WorkStatus::AuthorityEnded)
        );
        assert_eq!(self.listed(power, None).await, [(name.clone(), pb::WorkStatus::AuthorityEnded)]);
        assert_eq!(self.decide(&name).await.expect_err("the authority has ended"), "AU_AUTHORITY_ENDED");
        let over = self.hand_over(&name).await.expect("it is handed over");
        assert_eq!((over.status(), over.file_digest.len()), (pb::WorkStatus::HandedOver, 32));
        assert_eq!(self.hand_over(&name).await.expect_err("once is enough"), "AU_TRANSITION");
        assert_eq!(self.decide(&name).await.expect_err("it is the county's now"), "AU_AUTHORITY_ENDED");
        assert_eq!(self.listed(power, None).await, [], "what was handed over is no open work of the town");
        let absent = pb::HandOverRequest { request_id: fresh(), name: format!("{name}-9") };
        let absent = self.client.clone().hand_over(absent).await;
        assert_eq!(absent.expect_err("there is none").code(), Code::NotFound);
    }

    async fn what_the_document_lets_finish_is_finished(&self) {
        for (power, clause, until) in [
            ("CF-FINISH", pb::TransitionClause::FinishByTown, None),
            ("CF-UNTIL", pb::TransitionClause::FinishUntil, Some(FUTURE)),
            ("CF-TODAY", pb::TransitionClause::FinishUntil, Some(TODAY)),
        ] {
            let name = self.file(power, "1", FILED, None).await;
            let ended = self.end(request(power, PAST, clause, until)).await.expect("it ends");
            let work = ended.work.first().expect("there is open work");
            assert_eq!((work.status(), work.finish_until), (pb::WorkStatus::Finishing, until.map(wire)), "{power}");
            assert_eq!(self.hand_over(&name).await.expect_err("the town finishes it"), "AU_TRANSITION", "{power}");
            assert_eq!(self.decide(&name).await, Ok(()), "{power}");
            assert_eq!(self.listed(power, None).await, [], "{power}: what is finished is no open work");
        }
    }

    async fn what_was_not_finished_in_time_goes_to_the_county(&self) {
        let power = "CF-LATE";
        let name = self.file(power, "1", FILED, None).await;
        let yesterday = TODAY.yesterday().expect("a day");
        let until = Some(yesterday);
        self.end(request(power, PAST, pb::TransitionClause::FinishUntil, until)).await.expect("it ends");
        assert_eq!(self.listed(power, None).await, [(name.clone(), pb::WorkStatus::AuthorityEnded)]);
        assert_eq!(self.decide(&name).await.expect_err("the day has passed"), "AU_AUTHORITY_ENDED");
        assert!(self.hand_over(&name).await.is_ok());
    }

    async fn until_the_day_nothing_changes(&self) {
        let power = "CF-FUTURE";
        let one = self.file(power, "1", FILED, None).await;
        let two = self.file(power, "2", FILED, None).await;
        let ended = self.end(request(power, FUTURE, pb::TransitionClause::Transfer, None)).await.expect("it ends");
        assert_eq!((ended.accepted, ended.work[0].status()), (2, pb::WorkStatus::AuthorityEnded), "as it stands on W");
        assert_eq!(self.listed(power, None).await[0], (one.clone(), pb::WorkStatus::Open), "as it stands today");
        assert_eq!(self.hand_over(&two).await.expect_err("the authority stands yet"), "AU_TRANSITION");
        assert_eq!(self.decide(&one).await, Ok(()), "the town may decide until W");
    }

    async fn other_work_is_not_touched(&self) {
        let power = "CF-OTHERS";
        self.file(power, "1", FILED, Some(FILED)).await;
        let later = self.file(power, "2", PAST, None).await;
        let other = self.file("CF-OTHER-POWER", "3", FILED, None).await;
        let ended = self.end(request(power, PAST, pb::TransitionClause::Transfer, None)).await.expect("it ends");
        assert_eq!((ended.accepted, ended.work.len()), (0, 0), "decided before, or filed on the day itself");
        assert_eq!(self.listed(power, None).await, [(later, pb::WorkStatus::Open)], "filed under another grant");
        assert_eq!(self.decide(&other).await, Ok(()));
    }

    async fn an_authority_ends_once_and_in_one_way(&self) {
        let power = "CF-ONCE";
        self.file(power, "1", FILED, None).await;
        let wanted = request(power, PAST, pb::TransitionClause::Unspecified, None);
        let first = self.end(wanted.clone()).await.expect("it ends");
        assert_eq!(first.work[0].status(), pb::WorkStatus::AuthorityEnded, "without a clause it is transferred");
        assert_eq!(self.end(wanted.clone()).await.expect("the stored answer"), first);
        let again = pb::EndAuthorityRequest { request_id: fresh(), ..wanted.clone() };
        assert_eq!(self.end(again).await.expect("it has ended so already"), first);
        let later = pb::EndAuthorityRequest { request_id: fresh(), end_date: Some(wire(FUTURE)), ..wanted.clone() };
        assert_eq!(reason(&self.end(later).await.expect_err("on another day")), "AU_TRANSITION");
        let other = pb::EndAuthorityRequest {
            request_id: fresh(),
            transition: pb::TransitionClause::FinishByTown.into(),
            ..wanted
        };
        assert_eq!(reason(&self.end(other).await.expect_err("in another way")), "AU_TRANSITION");
    }

    async fn malformed_requests_are_told_by_field(&self) {
        let right = request("CF-MALFORMED", PAST, pb::TransitionClause::Transfer, None);
        let until = |transition: pb::TransitionClause, until: Option<Date>| pb::EndAuthorityRequest {
            request_id: fresh(),
            transition: transition.into(),
            transition_until: until.map(wire),
            ..right.clone()
        };
        for (wrong, field) in [
            (pb::EndAuthorityRequest { grant: String::new(), ..right.clone() }, "grant"),
            (pb::EndAuthorityRequest { power_code: "p_1".to_owned(), ..right.clone() }, "power_code"),
            (pb::EndAuthorityRequest { end_date: None, ..right.clone() }, "end_date"),
            (pb::EndAuthorityRequest { document_number: "5号".to_owned(), ..right.clone() }, "document_number"),
            (until(pb::TransitionClause::FinishUntil, None), "transition_until"),
            (until(pb::TransitionClause::FinishUntil, Some(FILED)), "transition_until"),
            (until(pb::TransitionClause::Transfer, Some(FUTURE)), "transition_until"),
        ] {
            let wrong = pb::EndAuthorityRequest { request_id: fresh(), ..wrong };
            let status = self.end(wrong).await.expect_err("it is malformed");
            assert_eq!(status.code(), Code::InvalidArgument, "{field}: {status:?}");
            let seen = read(&status).expect("it tells its faults");
            assert_eq!(seen.violations.first().map(|fault| fault.field.as_str()), Some(field));
        }
        let no_id = pb::EndAuthorityRequest { request_id: String::new(), ..right };
        assert_eq!(self.end(no_id).await.expect_err("no id").code(), Code::InvalidArgument);
        let mut client = self.client.clone();
        let odd = client.list_open_work(pb::ListOpenWorkRequest { power_code: "p_1".to_owned(), ..Default::default() });
        assert_eq!(odd.await.expect_err("no code").code(), Code::InvalidArgument);
    }
}

fn request(power: &str, on: Date, clause: pb::TransitionClause, until: Option<Date>) -> pb::EndAuthorityRequest {
    pb::EndAuthorityRequest {
        request_id: fresh(),
        grant: format!("grants/{power}"),
        power_code: power.to_owned(),
        end_date: Some(wire(on)),
        transition: clause.into(),
        transition_until: until.map(wire),
        document_number: "昆政发〔2026〕3号".to_owned(),
        clause: "1".to_owned(),
    }
}

fn fresh() -> String {
    Uuid::new_v4().to_string()
}

fn reason(status: &Status) -> String {
    read(status).map(|seen| seen.reason).unwrap_or_else(|| status.to_string())
}

fn wire(day: Date) -> google::Date {
    google::Date { year: i32::from(day.year()), month: i32::from(day.month()), day: i32::from(day.day()) }
}
