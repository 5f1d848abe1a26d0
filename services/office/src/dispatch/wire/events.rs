//! What the journal says of outgoing papers.

use bytes::Bytes;
use runtime::journal::Record;
use runtime::numbers::{Series, Taken};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, time};

use super::message;
use crate::dispatch::decide::Event;
use crate::dispatch::state::{Awaited, Dispatch, DispatchId, Mark, Number, Sent};
use crate::fields::{day_to_wire, instant_to_wire};

impl runtime::journal::Event for Event {
    fn record(&self) -> Record {
        match self {
            Self::Drafted(dispatch) => drafted(dispatch),
            Self::Revised(id, content, mark) => record(*id, |dispatch| pb::DispatchRevised {
                dispatch,
                content: Some(message::content(content)),
                mark: Some(message::mark(mark)),
            }),
            Self::CosignRequested(id, institutions, mark) => record(*id, |dispatch| pb::CosignRequested {
                dispatch,
                institutions: institutions.iter().map(|institution| institution.code().to_owned()).collect(),
                mark: Some(message::mark(mark)),
            }),
            Self::Cosigned(id, cosign) => {
                record(*id, |dispatch| pb::DispatchCosigned { dispatch, cosign: Some(message::cosign(cosign)) })
            }
            Self::Reviewed(id, mark) => {
                record(*id, |dispatch| pb::DispatchReviewed { dispatch, mark: Some(message::mark(mark)) })
            }
            Self::LegalityReviewed(id, mark) => {
                record(*id, |dispatch| pb::DispatchLegalityReviewed { dispatch, mark: Some(message::mark(mark)) })
            }
            Self::Signed(id, mark, issuer_name) => record(*id, |dispatch| pb::DispatchSigned {
                dispatch,
                mark: Some(message::mark(mark)),
                issuer_name: issuer_name.clone(),
                issue_date: Some(day_to_wire(time::town_date(mark.at))),
            }),
            Self::Numbered { id, number, fresh: _ } => {
                record(*id, |dispatch| pb::DispatchNumbered { dispatch, number: Some(message::number(number)) })
            }
            Self::Voided(id, number, mark) => {
                record(*id, |_| pb::NumberVoided { void_number: Some(void_number(*id, number, mark)) })
            }
            Self::Sealed(id, digest, mark) => record(*id, |dispatch| pb::DispatchSealed {
                dispatch,
                digest: Bytes::copy_from_slice(digest.as_bytes()),
                mark: Some(message::mark(mark)),
            }),
            Self::Sent(dispatch, sent) => Record::of(&handed_over(dispatch, sent), dispatch.id.to_string()),
            Self::Followed(id, sent) => followed(*id, sent),
            Self::RecipientChanged(id, recipient) => record(*id, |dispatch| pb::DispatchRecipientChanged {
                dispatch,
                recipient: Some(message::recipient(recipient)),
            }),
            Self::Delivered(id, at) => {
                record(*id, |dispatch| pb::DispatchDelivered { dispatch, time: Some(instant_to_wire(*at)) })
            }
            Self::Replied(id, reply) => {
                record(*id, |dispatch| pb::DispatchReplied { dispatch, reply: Some(message::reply(reply)) })
            }
            Self::Overdue(id, awaited, at) => overdue(*id, awaited, *at),
            Self::Determined(id, awaited) => record(*id, |dispatch| pb::ReplyDueDetermined {
                dispatch,
                reply_due: awaited.due.date().map(day_to_wire),
                next_reminder_time: awaited.next.map(instant_to_wire),
            }),
            Self::Silent { id, departments, acknowledging } => record(*id, |dispatch| pb::AcknowledgementOverdue {
                dispatch,
                departments: departments.clone(),
                acknowledgement_due: acknowledging.due.date().map(day_to_wire),
                time: acknowledging.told.map(instant_to_wire),
            }),
            Self::AcknowledgingDetermined(id, acknowledging) => {
                record(*id, |dispatch| pb::AcknowledgementDueDetermined {
                    dispatch,
                    acknowledgement_due: acknowledging.due.date().map(day_to_wire),
                })
            }
            Self::Urged(id, urge) => {
                record(*id, |dispatch| pb::DispatchUrged { dispatch, urge: Some(message::urge(urge)) })
            }
            Self::Closed(id, mark) => {
                record(*id, |dispatch| pb::DispatchClosed { dispatch, mark: Some(message::mark(mark)) })
            }
            Self::Withdrawn(id, mark) => {
                record(*id, |dispatch| pb::DispatchWithdrawn { dispatch, mark: Some(message::mark(mark)) })
            }
        }
    }

    /// A dispatch takes the next serial of its word and year.
    fn series(&self) -> Option<Series> {
        match self {
            Self::Numbered { number, fresh: true, .. } => {
                Some(Series { name: format!("dispatches/{}", number.word), year: number.year })
            }
            Self::Numbered { fresh: false, .. }
            | Self::Drafted(_)
            | Self::Revised(_, _, _)
            | Self::CosignRequested(_, _, _)
            | Self::Cosigned(_, _)
            | Self::Reviewed(_, _)
            | Self::LegalityReviewed(_, _)
            | Self::Signed(_, _, _)
            | Self::Voided(_, _, _)
            | Self::Sealed(_, _, _)
            | Self::Sent(_, _)
            | Self::Followed(_, _)
            | Self::RecipientChanged(_, _)
            | Self::Delivered(_, _)
            | Self::Replied(_, _)
            | Self::Overdue(_, _, _)
            | Self::Determined(_, _)
            | Self::Silent { .. }
            | Self::AcknowledgingDetermined(_, _)
            | Self::Urged(_, _)
            | Self::Closed(_, _)
            | Self::Withdrawn(_, _) => None,
        }
    }

    fn set_number(&mut self, taken: Taken) {
        if let Self::Numbered { number, fresh: true, .. } = self {
            number.serial = taken.number;
        }
    }
}

fn record<M: prost::Message + prost::Name>(id: DispatchId, message: impl FnOnce(String) -> M) -> Record {
    Record::of(&message(id.to_string()), id.to_string())
}

fn drafted(dispatch: &Dispatch) -> Record {
    let whole = pb::Dispatch {
        content: Some(message::content(&dispatch.content)),
        ..message::dispatch(dispatch, String::new())
    };
    Record::of(&pb::DispatchDrafted { dispatch: Some(whole) }, dispatch.id.to_string())
}

/// A void number as the contract and the row show it.
pub(crate) fn void_number(id: DispatchId, number: &Number, mark: &Mark) -> pb::VoidNumber {
    let (number, mark) = (Some(message::number(number)), Some(message::mark(mark)));
    pb::VoidNumber { number, dispatch: id.to_string(), mark }
}

/// Everything that the gateway needs.
fn handed_over(dispatch: &Dispatch, sent: &Sent) -> pb::DispatchSent {
    let (content, signed) = (message::content(&dispatch.content), &sent.sealed.numbered.signed);
    let reached = sent.recipients.iter().filter_map(|recipient| {
        let department = recipient.department.clone()?;
        Some(pb::DispatchRecipient { department, copy: recipient.copy })
    });
    pb::DispatchSent {
        dispatch: dispatch.id.to_string(),
        message_id: dispatch.id.0.to_string(),
        doc_type: content.doc_type,
        document_number: sent.number().to_string(),
        title: content.title,
        issuer: signed.issuer_name.clone(),
        signatory: signed.signature.person.clone(),
        main_to: content.main_to,
        copy_to: content.copy_to,
        urgency: content.urgency,
        issue_date: signed.issue_date.to_string(),
        due: dispatch.content.due.as_ref().map(Date::to_string).unwrap_or_default(),
        action_class: content.action_class,
        openness: content.openness,
        ref_document_number: content.ref_document_number,
        matters: content.matters,
        consent: content.consent,
        recipients: reached.collect(),
        text: content.text,
        files: content.files,
        time: Some(instant_to_wire(sent.by.at)),
    }
}

fn followed(id: DispatchId, sent: &Sent) -> Record {
    let (awaited, acknowledging) = (sent.awaited.as_ref(), sent.acknowledging.as_ref());
    record(id, |dispatch| pb::DispatchFollowed {
        dispatch,
        mark: Some(message::mark(&sent.by)),
        recipients: sent.recipients.iter().map(message::recipient).collect(),
        reply_due: awaited.and_then(|awaited| awaited.due.date()).map(day_to_wire),
        reply_due_missing_year: awaited.map_or(0, |awaited| message::missing_year(awaited.due)),
        next_reminder_time: awaited.and_then(|awaited| awaited.next).map(instant_to_wire),
        acknowledgement_due: acknowledging.and_then(|it| it.due.date()).map(day_to_wire),
        acknowledgement_due_missing_year: acknowledging.map_or(0, |it| message::missing_year(it.due)),
    })
}

fn overdue(id: DispatchId, awaited: &Awaited, at: vocabulary::Timestamp) -> Record {
    record(id, |dispatch| pb::ReplyOverdue {
        dispatch,
        reminders: awaited.reminders,
        reply_due: awaited.due.date().map(day_to_wire),
        next_reminder_time: awaited.next.map(instant_to_wire),
        time: Some(instant_to_wire(at)),
    })
}
