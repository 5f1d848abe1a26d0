//! Every rpc × every principal, against the separation-of-powers matrix and the platform acts of overview.md §1.4.
//!
//! `access_matrix.csv` and `access_methods.csv` are written by hand from the specification, never generated from the contract:
//! the first says who may do which act and with which code the others are refused, the second which act a method performs. A
//! method without a row fails, and so does a row without a method.

mod cast;
mod matrix;

use bytes::Bytes;
use runtime::db::Backend;
use tests::act::seen;
use tests::paper::{Key, Paper};
use tests::raw;
use tests::setup::{self, GOVERNMENT, TOWN_GOVERNMENT};
use tests::town::{SERVICES, Town};
use tonic::transport::Channel;
use tonic::{Code, Status};

use cast::{Cast, Player};
use matrix::{Expected, Matrix, Method};

/// What became of a call, as far as access is concerned.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The call reached the method.
    Admitted,
    /// The call was refused with a code that people see.
    Denied(String),
    /// The caller is nobody that the cell knows.
    Unauthenticated,
    /// The machine failed, or does not know the method.
    Failed(String),
}

async fn outcome(channel: &Channel, method: &Method, request: Bytes) -> Outcome {
    let path = method.path();
    let answer = match (method.client_streaming, method.server_streaming) {
        (false, false) => raw::call(channel, &path, request).await.map(|_| ()),
        (false, true) => raw::open(channel, &path, request).await,
        (true, _) => raw::call_with_stream(channel, &path, request).await.map(|_| ()),
    };
    answer.err().map_or(Outcome::Admitted, |status| read(&status))
}

fn read(status: &Status) -> Outcome {
    match status.code() {
        Code::Unauthenticated => Outcome::Unauthenticated,
        // That the paper's key is unknown shows that its sender was not: the method was reached.
        Code::PermissionDenied if seen(status).code == "RE-KEY" => Outcome::Admitted,
        Code::PermissionDenied => Outcome::Denied(seen(status).code),
        // The requests are empty or invented: what the method then says shows that it was reached.
        Code::Ok | Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition | Code::AlreadyExists => {
            Outcome::Admitted
        }
        Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => Outcome::Failed(status.to_string()),
    }
}

fn expected(expected: &Expected) -> Outcome {
    match expected {
        Expected::Admitted => Outcome::Admitted,
        Expected::Denied(code) => Outcome::Denied(code.clone()),
    }
}

/// What is asked: nothing, but where the relay must see a whole paper before it asks who sends it.
fn request(method: &Method, player: &Player) -> Bytes {
    match (method.verb(), player.name.strip_prefix("county/")) {
        ("IssuePaper", Some(department)) => {
            let key = Key::sm2(&format!("{department}-unregistered"));
            setup::bytes_of(&Paper::new(department, GOVERNMENT, TOWN_GOVERNMENT).sign(&key))
        }
        _ => Bytes::new(),
    }
}

#[test]
fn every_method_has_a_row_and_every_row_a_method() {
    let matrix = Matrix::read();
    let contracts = matrix::contracts();
    let mut complaints = Vec::new();
    for (path, _, _) in &contracts {
        if !matrix.methods.iter().any(|method| method.path() == *path) {
            complaints.push(format!("{path} has no row in access_methods.csv"));
        }
    }
    for method in &matrix.methods {
        if !contracts.iter().any(|(path, _, _)| *path == method.path()) {
            complaints.push(format!("{} has a row and is in no contract", method.path()));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_matrix_has_every_row_of_the_specification() {
    let matrix = Matrix::read();
    assert_eq!(matrix.acts.len(), 15 + 13, "fifteen rows of the matrix, and the platform acts");
    for method in &matrix.methods {
        assert!(
            matrix.acts.contains_key(&method.act),
            "{}: no row of the matrix is called {:?}",
            method.path(),
            method.act
        );
    }
}

/// Access does not depend on the database, so one is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_principal_may_do_what_the_matrix_says_and_nothing_else() {
    let matrix = Matrix::read();
    let mut town = Town::up(Backend::Sqlite).await;
    let cast = Cast::of(&town).await;
    let mut complaints = Vec::new();
    let mut tried = 0;
    for method in matrix.methods.iter().filter(|method| method.is_served()) {
        for player in &cast.players {
            let channel = town.clients.channel_with(&method.service, &player.files);
            let found = outcome(&channel, method, request(method, player)).await;
            let wanted = expected(&matrix.expected(method, player));
            tried += 1;
            if found != wanted {
                complaints.push(format!(
                    "{} {} as {}: {found:?}, not {wanted:?}",
                    method.service,
                    method.path(),
                    player.name
                ));
            }
        }
    }
    assert!(complaints.is_empty(), "{} of {tried}:\n{}", complaints.len(), complaints.join("\n"));
    town.stop();
    tests::ledger::check(&town.databases).await;
}

/// Whoever the cell does not know reaches nothing but the question of health.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_of_the_cell_reaches_nothing() {
    let matrix = Matrix::read();
    let mut town = Town::up(Backend::Sqlite).await;
    let of_another_cell = cast::of_another_cell(&town);
    let of_another_authority = cast::of_another_authority(&town);
    for method in matrix.methods.iter().filter(|method| method.is_served()) {
        let channel = town.clients.channel_with(&method.service, &of_another_cell);
        let found = outcome(&channel, method, Bytes::new()).await;
        assert_eq!(found, Outcome::Unauthenticated, "{} for another cell", method.path());
    }
    for service in SERVICES {
        let methods = matrix.methods.iter().filter(|method| method.service == service);
        let foreign = town.clients.channel_with(service, &of_another_authority);
        let nobody = cast::without_certificate(&town, service);
        for method in methods {
            for channel in [&foreign, &nobody] {
                // The connection does not stand, so that there is no answer at all.
                let found = outcome(channel, method, Bytes::new()).await;
                assert!(
                    matches!(found, Outcome::Failed(_)),
                    "{} without a certificate of the cell: {found:?}",
                    method.path()
                );
            }
        }
    }
    town.stop();
    tests::ledger::check(&town.databases).await;
}
