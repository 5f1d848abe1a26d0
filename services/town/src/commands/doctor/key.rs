//! Whether a key may sign papers today, as the gateway knows it.

use std::path::Path;

use runtime::diagnosis::Finding;
use runtime::signing::{PublicKey, soft_signer};
use townlink_proto::townlink::clock::v1::GetClockRequest;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::time::town_date;
use vocabulary::{Date, Timestamp};

use super::{Report, files};
use crate::cli::Context;
use crate::commands::READER;
use crate::connection::{Connection, Ready, call, pages};
use crate::files::read;
use crate::names::{read_day, read_instant};
use crate::problem::Problem;

const REGISTER: &str = "请由密钥登记人员登记并由第二人确认：`townlink key register`、`townlink key confirm`。";

/// Looks for the key in the gateway's registry.
pub(super) async fn look(file: &Path, town: &Ready, context: &Context, report: &mut Report) -> Result<(), Problem> {
    let public = public_key(file)?;
    let identity = context.identity.clone().unwrap_or_else(|| READER.to_owned());
    let party = if files::is_service(&identity) { "gateway".to_owned() } else { owner(&identity, file) };
    let connection = Connection { ready: town.clone(), identity };
    let client = connection.keys()?;
    let (keys, _) = pages(usize::MAX, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let asked = pb::ListKeysRequest { page_size, page_token };
            let page = call("gateway, ListKeys", None, client.list_keys(asked)).await?;
            Ok((page.keys, page.next_page_token))
        }
    })
    .await?;
    let clock = call("gateway, GetClock", None, connection.clock("gateway")?.get_clock(GetClockRequest {})).await?;
    let today = town_date(clock.now.as_ref().and_then(read_instant).unwrap_or_else(Timestamp::now));
    let is_it = |key: &&pb::Key| PublicKey::from_pem(&key.public_key_pem).is_ok_and(|known| known == public);
    report.add(judged(&party, file, keys.iter().find(is_it), today));
    Ok(())
}

/// The public half of a key, whichever half the file holds.
fn public_key(file: &Path) -> Result<PublicKey, Problem> {
    let remedy = "name a private key (PKCS#8) or a public key (SPKI), PEM";
    let wrong = |error: &dyn std::fmt::Display| Problem::usage(format!("{}: {error}", file.display()), remedy);
    let pem = String::from_utf8(read(file)?).map_err(|error| wrong(&error))?;
    match PublicKey::from_pem(&pem) {
        Ok(key) => Ok(key),
        Err(error) => soft_signer(&pem).map(|signer| signer.public_key().clone()).map_err(|_| wrong(&error)),
    }
}

/// Who must see to the key: whoever acts as a department, or else whoever holds the file.
fn owner(identity: &str, file: &Path) -> String {
    if identity.starts_with("county/") { identity.to_owned() } else { file.display().to_string() }
}

/// What the registry says of a key on a day.
fn judged(party: &str, file: &Path, key: Option<&pb::Key>, today: Date) -> Option<Finding> {
    let Some(key) = key else {
        let fault = format!("the key {} is not registered at the gateway", file.display());
        return Some(Finding::fault(party, "DR-KEY-UNREGISTERED", fault, REGISTER));
    };
    let fault = |rule: &str, fault: String, remedy: &str| {
        Some(Finding::fault(party, rule, format!("{} {fault}", key.name), remedy))
    };
    let renew = "请换用新的密钥：生成、登记、确认之后再签发文件。";
    if party.starts_with("county/") && party != key.owner {
        return fault("DR-KEY-OWNER", format!("is that of {}", key.owner), "请使用本单位登记的密钥。");
    }
    match key.state() {
        pb::KeyState::Pending => {
            return fault("DR-KEY-UNREGISTERED", "is registered and not confirmed".to_owned(), REGISTER);
        }
        pb::KeyState::RevocationPending | pb::KeyState::Revoked => {
            return fault("DR-KEY-REVOKED", format!("is revoked: {}", key.revoke_reason), renew);
        }
        pb::KeyState::Active | pb::KeyState::Unspecified => {}
    }
    let day = |day: Option<&townlink_proto::google::r#type::Date>| day.and_then(read_day);
    if let Some(to) = day(key.valid_to.as_ref()).filter(|to| *to <= today) {
        return fault("DR-KEY-EXPIRED", format!("is valid no longer since {to}; in the town it is {today}"), renew);
    }
    if let Some(from) = day(key.valid_from.as_ref()).filter(|from| *from > today) {
        let remedy = "请等密钥生效，或者登记另一把密钥。";
        return fault("DR-KEY-NOT-YET-VALID", format!("is valid from {from} on; in the town it is {today}"), remedy);
    }
    None
}

#[cfg(test)]
mod tests {
    use townlink_proto::google::r#type::Date as WireDate;

    use super::*;

    #[test]
    fn every_state_of_a_key_has_its_rule() {
        let today = Date::constant(2026, 3, 2);
        let day = |day| Some(WireDate { year: 2026, month: 3, day });
        let key = |state: pb::KeyState, from, to| pb::Key {
            name: "keys/k".to_owned(),
            owner: "county/government".to_owned(),
            state: state.into(),
            valid_from: day(from),
            valid_to: to,
            ..pb::Key::default()
        };
        let active = pb::KeyState::Active;
        for (key, party, rule) in [
            (None, "county/government", Some("DR-KEY-UNREGISTERED")),
            (Some(key(pb::KeyState::Pending, 1, None)), "county/government", Some("DR-KEY-UNREGISTERED")),
            (Some(key(active, 1, None)), "county/government", None),
            (Some(key(active, 1, None)), "k.pub", None),
            (Some(key(active, 1, None)), "county/housing", Some("DR-KEY-OWNER")),
            (Some(key(active, 1, day(3))), "county/government", None),
            (Some(key(active, 1, day(2))), "county/government", Some("DR-KEY-EXPIRED")),
            (Some(key(active, 3, None)), "county/government", Some("DR-KEY-NOT-YET-VALID")),
            (Some(key(pb::KeyState::RevocationPending, 1, None)), "county/government", Some("DR-KEY-REVOKED")),
            (Some(key(pb::KeyState::Revoked, 1, None)), "county/government", Some("DR-KEY-REVOKED")),
        ] {
            let found = judged(party, Path::new("k.pub"), key.as_ref(), today);
            assert_eq!(found.as_ref().map(|found| found.rule.as_str()), rule, "{key:?}");
            assert!(found.is_none_or(|found| found.remedy.ends_with('。')));
        }
    }
}
