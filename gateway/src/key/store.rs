//! Keys, as rows.

use std::sync::Arc;

use runtime::caller::PersonId;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::etag;
use runtime::execute::{SaveError, Saving, Unit, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Refusal};
use runtime::signing::{PublicKey, Security};
use sqlx::Row as _;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::Timestamp;

use super::decide::{self, Command, Event};
use super::registry::{LiveRegistry, Registry};
use super::state::{Days, Issuer, Key, KeyId, Owner, Registration, Revocation, Stage};
use super::wire::{self, KeyEvent, Order};
use crate::settings::Rules;

/// What an absent key is called.
pub(super) const KIND: &str = "gateway.townlink/Key";

/// The columns of a key, with those of one of its issuers.
macro_rules! columns {
    () => {
        "select k.id, k.owner, k.public_key, k.valid_from, k.valid_to, k.software, k.document_number, k.registrar, k.state, \
         k.confirmer, k.revoke_registrar, k.revoke_reason, k.revoke_document_number, k.revoke_us, k.revoker, k.version, \
         k.recorded_us, i.issuer, i.from_day, i.to_day from keys k left join key_issuers i on i.key_id = k.id "
    };
}

/// A key with its version.
pub(super) type Stored = (Key, Version);

/// Reads all keys as of one revision. The caller's connection sees one state of the database.
///
/// # Errors
/// [`Failure`] where the database is away or a row is damaged.
pub async fn registry(sql: &mut Connection) -> Result<Registry, Failure> {
    let revision = revision(sql).await?;
    let rows = sqlx::query(concat!(columns!(), "order by k.id, i.place")).fetch_all(sql).await?;
    Ok(Registry::new(revision, keys(&rows)?.into_iter().map(|(key, _)| key)))
}

/// The revision of the registry: a snapshot of another one is out of date.
///
/// # Errors
/// [`Failure`] where the database is away.
pub async fn revision(sql: &mut Connection) -> Result<i64, Failure> {
    let row = sqlx::query("select revision from key_registry where id = 1").fetch_one(sql).await?;
    row.int(0)
}

/// Loads one key.
pub(super) async fn load(sql: &mut Connection, id: &KeyId) -> Result<Option<Stored>, Failure> {
    let query = sqlx::query(concat!(columns!(), "where k.id = $1 order by i.place"));
    let rows = query.bind(id.as_str().to_owned()).fetch_all(sql).await?;
    Ok(keys(&rows)?.pop())
}

/// A page of keys, by id.
pub(super) async fn page(sql: &mut Connection, page: &Page) -> Result<Vec<Stored>, Failure> {
    let query = sqlx::query(concat!(
        columns!(),
        "where k.id in (select id from keys where id > $1 order by id limit $2) order by k.id, i.place"
    ));
    let rows = query.bind(page.after().unwrap_or_default().to_owned()).bind(page.fetch()).fetch_all(sql).await?;
    keys(&rows)
}

/// Whether a key of this id, or this very key, is registered.
async fn is_known(sql: &mut Connection, registration: &Registration) -> Result<bool, Failure> {
    let query = sqlx::query("select 1 from keys where id = $1 or public_key = $2");
    let query = query.bind(registration.id.as_str().to_owned()).bind(registration.public_key.to_spki_der());
    Ok(query.fetch_optional(sql).await?.is_some())
}

/// Puts the rows of a join together: rows of one key follow each other.
fn keys(rows: &[Row]) -> Result<Vec<Stored>, Failure> {
    let mut keys: Vec<Stored> = Vec::new();
    for row in rows {
        let id: &str = row.try_get("id")?;
        if keys.last().is_none_or(|(last, _)| last.registration.id.as_str() != id) {
            keys.push((key(row)?, Version::of(row.int("version")?, row.int("recorded_us")?)?));
        }
        if let (Some(name), Some((last, _))) = (row.maybe_text("issuer")?, keys.last_mut()) {
            let days = Days { from: row.day("from_day")?, to: row.maybe_day("to_day")? };
            last.registration.issuers.push(Issuer { name, days });
        }
    }
    Ok(keys)
}

fn key(row: &Row) -> Result<Key, Failure> {
    let owner = Owner::parse(row.try_get("owner")?).ok_or_else(|| damaged("its owner"))?;
    Ok(Key {
        registration: Registration {
            id: KeyId::parse(row.try_get("id")?).map_err(Failure::internal)?,
            owner,
            public_key: PublicKey::from_spki_der(row.try_get("public_key")?).map_err(Failure::internal)?,
            valid: Days { from: row.day("valid_from")?, to: row.maybe_day("valid_to")? },
            issuers: Vec::new(),
            security: if row.flag("software")? { Security::Soft } else { Security::Certified },
            document_number: row.parsed("document_number")?,
        },
        registrar: person(row.try_get("registrar")?)?,
        stage: stage(row)?,
    })
}

fn stage(row: &Row) -> Result<Stage, Failure> {
    let confirmer = row.maybe_text("confirmer")?.as_deref().map(person).transpose()?;
    let stage = match (row.try_get::<&str, _>("state")?, confirmer) {
        ("PENDING", None) => Stage::Pending,
        ("ACTIVE", Some(confirmer)) => Stage::Active { confirmer },
        ("REVOCATION_PENDING", confirmer) => Stage::RevocationPending { confirmer, revocation: revocation(row)? },
        ("REVOKED", confirmer) => {
            let revoker = person(row.try_get("revoker")?)?;
            Stage::Revoked { confirmer, revocation: revocation(row)?, revoker }
        }
        _ => return Err(damaged("its state")),
    };
    Ok(stage)
}

fn revocation(row: &Row) -> Result<Revocation, Failure> {
    Ok(Revocation {
        registrar: person(row.try_get("revoke_registrar")?)?,
        reason: row.text("revoke_reason")?,
        document_number: row.parsed("revoke_document_number")?,
        time: row.instant("revoke_us")?,
    })
}

fn person(id: &str) -> Result<PersonId, Failure> {
    PersonId::parse(id).map_err(Failure::internal)
}

fn damaged(what: &str) -> Failure {
    Failure::internal(format!("a row of keys is damaged: {what}"))
}

/// What the outside world knows of a change to the registry.
pub(super) struct Facts {
    /// The town time.
    pub now: Timestamp,
    /// Who acts.
    pub person: PersonId,
    /// The rules of the town.
    pub rules: Arc<Rules>,
    /// The snapshot in memory, to be told of the change.
    pub live: LiveRegistry,
}

/// The registry as far as one change sees it: the key, and the head row.
pub(super) struct Entry {
    id: KeyId,
    key: Option<Key>,
    known: bool,
    revision: i64,
}

impl Unit for Entry {
    type Command = Order;
    type Facts = Facts;
    type Event = KeyEvent;
    type Reply = pb::Key;

    async fn load(tx: &mut Tx, order: &Order, _: &Facts) -> Result<(Self, Version), Denial> {
        let revision = revision(tx.sql()).await?;
        let id = order.id.clone();
        if let Command::Register(registration) = &order.command {
            let known = is_known(tx.sql(), registration).await?;
            return Ok((Self { id, key: None, known, revision }, Version::ABSENT));
        }
        let Some((key, version)) = load(tx.sql(), &id).await? else {
            return Err(Denial::NotFound { kind: KIND, name: id.name() });
        };
        Ok((Self { id, key: Some(key), known: true, revision }, version))
    }

    fn decide(&self, order: &Order, facts: &Facts) -> Result<Vec<KeyEvent>, Refusal> {
        let Facts { now, person, rules, .. } = facts;
        let facts = decide::Facts { now: *now, person, known: self.known, departments: &rules.departments };
        let event = decide::decide(self.key.as_ref(), &order.command, &facts)?;
        Ok(vec![KeyEvent { id: self.id.clone(), event }])
    }

    fn apply(mut self, event: &KeyEvent) -> Self {
        self.key = decide::apply(self.key, &event.event);
        self.revision += 1;
        self
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let head = sqlx::query("update key_registry set revision = $1 where id = 1 and revision = $2")
            .bind(self.revision)
            .bind(self.revision - 1)
            .execute(tx.sql())
            .await?;
        guard(&head)?;
        for event in saving.events {
            write(tx, event, saving.version, saving.recorded_us()).await?;
        }
        Ok(())
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Key {
        self.key.as_ref().map(|key| wire::key(key, saving.etag())).unwrap_or_default()
    }

    fn etag(order: &Order) -> &str {
        &order.etag
    }

    fn committed(&self, _: &Order, facts: &Facts) {
        if let Some(key) = &self.key {
            facts.live.change(key, self.revision);
        }
    }
}

async fn write(tx: &mut Tx, event: &KeyEvent, version: Version, recorded_us: i64) -> Result<(), SaveError> {
    let id = event.id.as_str().to_owned();
    let changed = match &event.event {
        Event::Registered(key) => return insert(tx, key, recorded_us).await,
        Event::Confirmed { confirmer } => sqlx::query(
            "update keys set state = 'ACTIVE', confirmer = $1, version = $2, recorded_us = $3 \
                 where id = $4 and version = $5",
        )
        .bind(confirmer.to_string()),
        Event::RevocationAsked(revocation) => sqlx::query(
            "update keys set state = 'REVOCATION_PENDING', version = $2, recorded_us = $3, revoke_registrar = $1, \
                 revoke_reason = $6, revoke_document_number = $7, revoke_us = $8 where id = $4 and version = $5",
        )
        .bind(revocation.registrar.to_string()),
        Event::Revoked { revoker } => sqlx::query(
            "update keys set state = 'REVOKED', revoker = $1, version = $2, recorded_us = $3 \
                 where id = $4 and version = $5",
        )
        .bind(revoker.to_string()),
    };
    let changed = changed.bind(version.next()).bind(recorded_us).bind(id).bind(version.number());
    let changed = match &event.event {
        Event::RevocationAsked(revocation) => changed
            .bind(revocation.reason.clone())
            .bind(revocation.document_number.to_string())
            .bind(vocabulary::time::to_us(revocation.time)),
        Event::Registered(_) | Event::Confirmed { .. } | Event::Revoked { .. } => changed,
    };
    guard(&changed.execute(tx.sql()).await?)
}

async fn insert(tx: &mut Tx, key: &Key, recorded_us: i64) -> Result<(), SaveError> {
    let Registration { id, owner, public_key, valid, issuers, security, document_number } = &key.registration;
    sqlx::query(
        "insert into keys (id, owner, public_key, valid_from, valid_to, software, document_number, registrar, state, version, \
         recorded_us) values ($1, $2, $3, $4, $5, $6, $7, $8, 'PENDING', 1, $9)",
    )
    .bind(id.as_str().to_owned())
    .bind(owner.to_string())
    .bind(public_key.to_spki_der())
    .bind(valid.from.to_string())
    .bind(valid.to.map(|to| to.to_string()))
    .bind(i64::from(*security == Security::Soft))
    .bind(document_number.to_string())
    .bind(key.registrar.to_string())
    .bind(recorded_us)
    .execute(tx.sql())
    .await?;
    if issuers.is_empty() {
        return Ok(());
    }
    let text = format!(
        "insert into key_issuers (key_id, place, issuer, from_day, to_day) values {}",
        crate::rows::values(issuers.len(), 5)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for (place, issuer) in (1_i64..).zip(issuers) {
        query = query
            .bind(id.as_str().to_owned())
            .bind(place)
            .bind(issuer.name.clone())
            .bind(issuer.days.from.to_string())
            .bind(issuer.days.to.map(|to| to.to_string()));
    }
    query.execute(tx.sql()).await?;
    Ok(())
}

/// The key of a key in the order of a list.
pub(super) fn position(key: &pb::Key) -> String {
    key.name.trim_start_matches("keys/").to_owned()
}

/// A stored key as the contract shows it.
pub(super) fn shown((key, version): &Stored) -> pb::Key {
    wire::key(key, etag::of(version.number()))
}
