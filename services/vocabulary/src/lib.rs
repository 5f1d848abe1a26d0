//! Values and rules that every service shares: dates, periods, numbers, codes, digests, money.
//!
//! Everything here is a pure value: parsed once at the edge, valid from then on, compared and printed in one form. Nothing reads
//! a clock, the environment or a source of chance, and nothing knows tonic, sqlx or tokio. An error carries the domain code
//! (`ID-DOCNO`, `SC-NO-CALENDAR`) that the refusal will quote; it never carries the text that was refused, which may be personal.
//!
//! - [`time`]: days and instants of the town, and their written forms.
//! - [`calendar`]: which days are working days, by year and version.
//! - [`period`]: when a time limit ends.
//! - [`working_hours`]: the hours of the working day.
//! - [`suspension`]: the days on which a time limit stands still.
//! - [`document_number`]: the number on an official paper (发文字号).
//! - [`rules_document`]: the document behind the rules of a town that differ from the built-in ones.
//! - [`institution`]: the eight institutions, their side, and their names by date.
//! - [`division`]: administrative division codes.
//! - [`credit_code`]: the unified social credit code of an organisation.
//! - [`citizen_number`]: the number of a resident, shown masked.
//! - [`identity`]: the papers by which a person proves who he is.
//! - [`name`]: names of persons and of organisations.
//! - [`phone`]: telephone numbers.
//! - [`mask`]: how personal data is shown where it need not be known.
//! - [`screening`]: marks of secrecy and programs, which may not pass.
//! - [`sealed`]: personal data as it is stored: encrypted, and looked up by a keyed digest.
//! - [`power_kind`]: the kinds of administrative power and who handles them.
//! - [`power_code`]: the opaque keys of powers and service items.
//! - [`implementation_code`]: the national code of one body's exercise of one item.
//! - [`project_code`]: the national codes of investment projects.
//! - [`case_number`]: the town's own numbers of cases.
//! - [`department`]: the codes of county departments.
//! - [`field`]: the codes of enforcement fields.
//! - [`digest`]: SM3 digests.
//! - [`draw`]: a draw that anyone can repeat.
//! - [`mask`]: personal details, masked.
//! - [`money`]: sums in fen.
//! - [`capitals`]: sums in the characters used on payment papers (大写).
//! - [`large_units`]: sums in 万 and 亿, for people to read.
//! - [`transition`]: what becomes of open work when an authority ends.
//! - [`message_id`]: the identities of requests and messages.
//! - [`text`]: how input is normalised before it is checked, and which characters no text may hold.

pub mod calendar;
pub mod capitals;
pub mod case_number;
pub mod citizen_number;
pub mod credit_code;
pub mod department;
pub mod digest;
pub mod division;
pub mod document_number;
pub mod draw;
pub mod field;
pub mod identity;
pub mod implementation_code;
pub mod institution;
pub mod large_units;
pub mod mask;
pub mod message_id;
pub mod money;
pub mod name;
pub mod period;
pub mod phone;
pub mod power_code;
pub mod power_kind;
pub mod project_code;
pub mod rules_document;
pub mod screening;
pub mod sealed;
pub mod suspension;
pub mod text;
pub mod time;
pub mod transition;
pub mod working_hours;

pub use calendar::{CalendarYear, DayKind, ListedDay, NoCalendar, WorkingCalendar};
pub use case_number::{CaseNumber, PenaltyCaseNumber};
pub use citizen_number::CitizenNumber;
pub use credit_code::CreditCode;
pub use department::DepartmentCode;
pub use digest::{Sm3Digest, Sm3Hasher};
pub use division::{DivisionCode, DivisionRecord, Divisions};
pub use document_number::DocumentNumber;
pub use draw::{Draw, SampleSize};
pub use field::FieldCode;
pub use identity::{IdentityDocument, IdentityDocumentKind};
pub use implementation_code::{ExerciseLevel, ImplementationCode};
pub use institution::{Addressee, Institution, InstitutionNames, Side};
pub use message_id::{MessageId, RequestId};
pub use money::Money;
pub use name::{OrganisationName, PersonName};
pub use period::{ClockLimit, Deadline, LastDay, Period};
pub use phone::PhoneNumber;
pub use power_code::{ItemCode, PowerCode};
pub use power_kind::PowerKind;
pub use project_code::ProjectCode;
pub use rules_document::{RulesDocument, RulesDocumentError, RulesDocumentSettings};
pub use sealed::{FieldKey, LookUpDigest, SealedField};
pub use suspension::{Interval, Suspensions};
pub use time::{Date, Timestamp};
pub use transition::{AuthorityEnd, Fate, Transition};
pub use working_hours::WorkingHours;
