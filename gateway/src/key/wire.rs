//! Keys, between the contract and the state.

use runtime::journal::Record;
use runtime::refusal::Denial;
use runtime::refusal::fields::{Fields, day_to_wire, instant_to_wire};
use runtime::signing::{Algorithm, PublicKey, Security};
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::DocumentNumber;
use vocabulary::text::normalise;

use super::decide::{Command, Event};
use super::state::{Days, Issuer, Key, KeyId, Owner, Registration, Stage};

/// The longest name of an issuer, in characters.
const ISSUER_LENGTH_MAX: usize = 200;

/// The most issuers of one key.
const ISSUERS_MAX: usize = 64;

/// The longest reason of a revocation, in characters.
const REASON_LENGTH_MAX: usize = 500;

/// What is wanted of which key, by whoever saw which etag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The key.
    pub id: KeyId,
    /// What is wanted.
    pub command: Command,
    /// The etag that was seen; empty: any.
    pub etag: String,
}

/// Reads a registration.
pub(super) fn register(request: pb::RegisterKeyRequest) -> Result<Order, Denial> {
    let mut fields = Fields::new();
    let Some(key) = fields.need("key", request.key, "must be given") else { return fields.finish(None) };
    let public_key = fields.read("key.public_key_pem", "", PublicKey::from_pem(&key.public_key_pem));
    if let Some(public_key) = &public_key
        && !key.algorithm.is_empty()
        && key.algorithm.parse::<Algorithm>().ok() != Some(public_key.algorithm())
    {
        fields.fault("key.algorithm", "", format_args!("must be {}, as the key is", public_key.algorithm()));
    }
    let id = match (&*key.name, &public_key) {
        ("", Some(public_key)) => KeyId::parse(&public_key.key_id()).ok(),
        ("", None) => None,
        (name, _) => {
            fields.need("key.name", KeyId::of_name(name), "must be keys/{lower-case letters, digits and '-'}, or empty")
        }
    };
    let owner = fields.need("key.owner", Owner::parse(&key.owner), "must be county/{department} or town");
    let valid = days(&mut fields, "key.valid", key.valid_from.as_ref(), key.valid_to.as_ref());
    let issuers = issuers(&mut fields, key.issuers);
    let document_number = fields.read("key.document_number", "ID-DOCNO", DocumentNumber::parse(&key.document_number));
    let security = if key.software { Security::Soft } else { Security::Certified };
    let built = (|| {
        let id = id?;
        let registration = Registration {
            id: id.clone(),
            owner: owner?,
            public_key: public_key?,
            valid: valid?,
            issuers: issuers?,
            security,
            document_number: document_number?,
        };
        Some(Order { id, command: Command::Register(Box::new(registration)), etag: String::new() })
    })();
    fields.finish(built)
}

/// Reads a confirmation.
pub(super) fn confirm(request: pb::ConfirmKeyRequest) -> Result<Order, Denial> {
    let mut fields = Fields::new();
    let id = name(&mut fields, &request.name);
    fields.finish(id.map(|id| Order { id, command: Command::Confirm, etag: request.etag }))
}

/// Reads a revocation.
pub(super) fn revoke(request: pb::RevokeKeyRequest) -> Result<Order, Denial> {
    let mut fields = Fields::new();
    let id = name(&mut fields, &request.name);
    let reason = fields.text("reason", request.reason, REASON_LENGTH_MAX);
    let document = fields.read("document_number", "ID-DOCNO", DocumentNumber::parse(&request.document_number));
    let built = (|| {
        let command = Command::Revoke { reason: reason?, document_number: document? };
        Some(Order { id: id?, command, etag: request.etag })
    })();
    fields.finish(built)
}

/// Reads the name of a key.
pub(super) fn name(fields: &mut Fields, name: &str) -> Option<KeyId> {
    fields.need("name", KeyId::of_name(name), "must be keys/{key id}")
}

fn issuers(fields: &mut Fields, issuers: Vec<pb::KeyIssuer>) -> Option<Vec<Issuer>> {
    if issuers.len() > ISSUERS_MAX {
        fields.fault("key.issuers", "", format_args!("must be at most {ISSUERS_MAX}"));
        return None;
    }
    let mut read = Vec::with_capacity(issuers.len());
    for (index, issuer) in issuers.into_iter().enumerate() {
        let name = fields.text(&format!("key.issuers[{index}].issuer"), normalise(&issuer.issuer), ISSUER_LENGTH_MAX);
        let days = days(fields, &format!("key.issuers[{index}]."), issuer.from.as_ref(), issuer.to.as_ref());
        read.push(name.zip(days).map(|(name, days)| Issuer { name, days }));
    }
    read.into_iter().collect()
}

fn days(
    fields: &mut Fields,
    prefix: &str,
    from: Option<&townlink_proto::google::r#type::Date>,
    to: Option<&townlink_proto::google::r#type::Date>,
) -> Option<Days> {
    let join = |end: &str| if prefix.ends_with('.') { format!("{prefix}{end}") } else { format!("{prefix}_{end}") };
    let from = fields.day(&join("from"), from);
    let to = fields.some_day(&join("to"), to);
    Some(Days { from: from?, to: to? })
}

/// A key as the contract shows it.
pub(super) fn key(key: &Key, etag: String) -> pb::Key {
    let Registration { id, owner, public_key, valid, issuers, security, document_number } = &key.registration;
    let revocation = key.revocation();
    pb::Key {
        name: id.name(),
        owner: owner.to_string(),
        algorithm: key.algorithm().to_string(),
        public_key_pem: public_key.to_pem(),
        valid_from: Some(day_to_wire(valid.from)),
        valid_to: valid.to.map(day_to_wire),
        issuers: issuers.iter().map(issuer).collect(),
        software: *security == Security::Soft,
        document_number: document_number.to_string(),
        state: state(&key.stage).into(),
        revoke_time: revocation.map(|revocation| instant_to_wire(revocation.time)),
        revoke_reason: revocation.map(|revocation| revocation.reason.clone()).unwrap_or_default(),
        etag,
    }
}

fn issuer(issuer: &Issuer) -> pb::KeyIssuer {
    pb::KeyIssuer {
        issuer: issuer.name.clone(),
        from: Some(day_to_wire(issuer.days.from)),
        to: issuer.days.to.map(day_to_wire),
    }
}

const fn state(stage: &Stage) -> pb::KeyState {
    match stage {
        Stage::Pending => pb::KeyState::Pending,
        Stage::Active { .. } => pb::KeyState::Active,
        Stage::RevocationPending { .. } => pb::KeyState::RevocationPending,
        Stage::Revoked { .. } => pb::KeyState::Revoked,
    }
}

/// The town's own receipt key, which comes from the settings: whoever holds a receipt finds it here.
pub(super) fn town_key(public_key: &PublicKey, security: Security) -> pb::Key {
    pb::Key {
        name: format!("keys/{}", public_key.key_id()),
        owner: Owner::Town.to_string(),
        algorithm: public_key.algorithm().to_string(),
        public_key_pem: public_key.to_pem(),
        software: security == Security::Soft,
        state: pb::KeyState::Active.into(),
        ..pb::Key::default()
    }
}

/// What happened to a key, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// The key.
    pub id: KeyId,
    /// What happened.
    pub event: Event,
}

impl runtime::journal::Event for KeyEvent {
    fn record(&self) -> Record {
        let name = self.id.name();
        match &self.event {
            Event::Registered(registered) => {
                let message = pb::KeyRegistered {
                    key: Some(key(registered, String::new())),
                    registrar: registered.registrar.to_string(),
                };
                Record::of(&message, name)
            }
            Event::Confirmed { confirmer } => {
                Record::of(&pb::KeyConfirmed { name: name.clone(), confirmer: confirmer.to_string() }, name)
            }
            Event::RevocationAsked(revocation) => {
                let message = pb::KeyRevocationAsked {
                    name: name.clone(),
                    registrar: revocation.registrar.to_string(),
                    reason: revocation.reason.clone(),
                    document_number: revocation.document_number.to_string(),
                    time: Some(instant_to_wire(revocation.time)),
                };
                Record::of(&message, name)
            }
            Event::Revoked { revoker } => {
                Record::of(&pb::KeyRevoked { name: name.clone(), confirmer: revoker.to_string() }, name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::signing::{Signer as _, SoftSm2};
    use townlink_proto::google::r#type::Date;

    fn registration() -> pb::Key {
        let signer = SoftSm2::generate().expect("a key");
        let from = Some(Date { year: 2026, month: 1, day: 1 });
        pb::Key {
            owner: "county/government".to_owned(),
            public_key_pem: signer.public_key().to_pem(),
            valid_from: from,
            issuers: vec![pb::KeyIssuer { issuer: " 昆山市 人民政府".to_owned(), from, to: None }],
            software: true,
            document_number: "昆政办函〔2026〕1号".to_owned(),
            ..pb::Key::default()
        }
    }

    fn read(key: pb::Key) -> Result<Order, Denial> {
        register(pb::RegisterKeyRequest { request_id: String::new(), key: Some(key) })
    }

    #[test]
    fn a_key_gets_its_id_from_itself() {
        let sent = registration();
        let order = read(sent.clone()).expect("a registration");
        let Command::Register(registration) = order.command else { panic!("a registration") };
        assert_eq!(registration.id.as_str(), registration.public_key.key_id());
        assert_eq!(registration.issuers[0].name, "昆山市人民政府");
        let shown = Key {
            registration: *registration,
            registrar: runtime::caller::PersonId::parse("a").expect("an id"),
            stage: Stage::Pending,
        };
        let shown = key(&shown, "\"1\"".to_owned());
        assert_eq!((shown.algorithm.as_str(), shown.state()), ("SM2-SM3", pb::KeyState::Pending));
        assert_eq!((shown.public_key_pem, shown.valid_from), (sent.public_key_pem, sent.valid_from));
    }

    #[test]
    fn every_bad_field_is_told() {
        let bad = pb::Key {
            name: "keys/Ä".to_owned(),
            owner: "county".to_owned(),
            algorithm: "RSA".to_owned(),
            valid_from: None,
            valid_to: Some(Date { year: 2026, month: 2, day: 30 }),
            issuers: vec![pb::KeyIssuer::default()],
            document_number: "无".to_owned(),
            ..registration()
        };
        let Err(Denial::Malformed(faults)) = read(bad) else { panic!("faults") };
        let named: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        let expected = [
            "key.algorithm",
            "key.name",
            "key.owner",
            "key.valid_from",
            "key.valid_to",
            "key.issuers[0].issuer",
            "key.issuers[0].from",
            "key.document_number",
        ];
        assert_eq!(named, expected);
        assert!(matches!(
            read(pb::Key { public_key_pem: "x".to_owned(), ..registration() }),
            Err(Denial::Malformed(_))
        ));
        assert!(matches!(confirm(pb::ConfirmKeyRequest::default()), Err(Denial::Malformed(_))));
        assert!(matches!(revoke(pb::RevokeKeyRequest::default()), Err(Denial::Malformed(faults)) if faults.len() == 3));
    }
}
