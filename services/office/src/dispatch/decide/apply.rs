//! The dispatch after an event. What was decided about a stage can be applied to it; anything else leaves the dispatch as it is.

use vocabulary::{Sm3Digest, time};

use super::{Desk, Event};
use crate::dispatch::content::Content;
use crate::dispatch::state::{
    Awaited, Cosign, Dispatch, Mark, Number, Numbered, Recipient, Reply, Reviewed, Sealed, Sent, Signed, Stage, Urge,
};

/// The desk after an event.
pub(crate) fn apply(desk: Desk, event: &Event) -> Desk {
    let dispatch = match (desk.dispatch, event) {
        (None, Event::Drafted(dispatch)) => Some(Dispatch::clone(dispatch)),
        (dispatch, event) => dispatch.map(|dispatch| after(dispatch, event)),
    };
    Desk { dispatch, ..desk }
}

fn after(dispatch: Dispatch, event: &Event) -> Dispatch {
    match event {
        Event::Drafted(_) | Event::Sent(_, _) => dispatch,
        Event::Revised(_, content, mark) => revised(dispatch, content, mark),
        Event::CosignRequested(_, institutions, _) => {
            let mut cosigns = dispatch.cosigns;
            cosigns.extend(institutions.iter().map(|institution| Cosign { institution: *institution, answer: None }));
            Dispatch { cosigns, stage: Stage::Draft, ..dispatch }
        }
        Event::Cosigned(_, cosign) => cosigned(dispatch, cosign),
        Event::Reviewed(_, mark) => {
            let stage = Stage::Reviewed(Box::new(Reviewed { review: mark.clone(), legality: None }));
            Dispatch { stage, ..dispatch }
        }
        Event::LegalityReviewed(_, mark) => in_stage(dispatch, |stage| legality(stage, mark)),
        Event::Signed(_, mark, issuer_name) => in_stage(dispatch, |stage| signed(stage, mark, issuer_name)),
        Event::Numbered { number, .. } => {
            let dispatch = in_stage(dispatch, |stage| numbered(stage, number));
            Dispatch { held: None, ..dispatch }
        }
        Event::Voided(_, number, mark) => {
            Dispatch { held: None, stage: Stage::Void(Box::new(number.clone()), mark.clone()), ..dispatch }
        }
        Event::Sealed(_, digest, mark) => in_stage(dispatch, |stage| sealed(stage, *digest, mark)),
        Event::Followed(_, sent) => Dispatch { stage: Stage::Sent(sent.clone()), ..dispatch },
        Event::RecipientChanged(_, recipient) => in_sent(dispatch, |sent| further(sent, recipient)),
        Event::Delivered(_, _) => {
            in_stage(dispatch, |stage| if let Stage::Sent(sent) = stage { Stage::Delivered(sent) } else { stage })
        }
        Event::Replied(_, reply) => replied(dispatch, reply),
        Event::Overdue(_, awaited, _) | Event::Determined(_, awaited) => {
            in_sent(dispatch, |sent| Sent { awaited: Some(Awaited::clone(awaited)), ..sent })
        }
        Event::Silent { acknowledging, .. } | Event::AcknowledgingDetermined(_, acknowledging) => {
            in_sent(dispatch, |sent| Sent { acknowledging: Some(*acknowledging), ..sent })
        }
        Event::Urged(_, urge) => in_sent(dispatch, |sent| urged(sent, urge)),
        Event::Closed(_, mark) => in_stage(dispatch, |stage| closed(stage, mark)),
        Event::Withdrawn(_, mark) => Dispatch { stage: Stage::Withdrawn(mark.clone()), ..dispatch },
    }
}

fn in_stage(dispatch: Dispatch, change: impl FnOnce(Stage) -> Stage) -> Dispatch {
    Dispatch { stage: change(dispatch.stage), ..dispatch }
}

fn in_sent(dispatch: Dispatch, change: impl FnOnce(Sent) -> Sent) -> Dispatch {
    in_stage(dispatch, |stage| {
        if let Stage::Sent(sent) = stage {
            Stage::Sent(Box::new(change(*sent)))
        } else if let Stage::Delivered(sent) = stage {
            Stage::Delivered(Box::new(change(*sent)))
        } else if let Stage::Replied(sent) = stage {
            Stage::Replied(Box::new(change(*sent)))
        } else if let Stage::Closed(sent, mark) = stage {
            Stage::Closed(Box::new(change(*sent)), mark)
        } else {
            stage
        }
    })
}

/// What was agreed, reviewed and signed was another content. The number stays.
fn revised(dispatch: Dispatch, content: &Content, mark: &Mark) -> Dispatch {
    let held = dispatch.number().cloned();
    let mut authors = dispatch.authors;
    if !authors.contains(&mark.person) {
        authors.push(mark.person.clone());
    }
    let cosigns = dispatch.cosigns.into_iter().map(|cosign| Cosign { answer: None, ..cosign }).collect();
    Dispatch { content: content.clone(), authors, cosigns, held, stage: Stage::Draft, ..dispatch }
}

fn cosigned(dispatch: Dispatch, given: &Cosign) -> Dispatch {
    let replace = |cosign: Cosign| if cosign.institution == given.institution { given.clone() } else { cosign };
    let cosigns: Vec<_> = dispatch.cosigns.into_iter().map(replace).collect();
    let stage = if cosigns.iter().all(Cosign::agrees) { Stage::Cosigned } else { Stage::Draft };
    Dispatch { cosigns, stage, ..dispatch }
}

fn legality(stage: Stage, mark: &Mark) -> Stage {
    if let Stage::Reviewed(reviewed) = stage {
        Stage::LegalReviewed(Box::new(Reviewed { legality: Some(mark.clone()), ..*reviewed }))
    } else {
        stage
    }
}

fn signed(stage: Stage, mark: &Mark, issuer_name: &str) -> Stage {
    if let Stage::Reviewed(reviewed) | Stage::LegalReviewed(reviewed) = stage {
        Stage::Signed(Box::new(Signed {
            reviewed: *reviewed,
            signature: mark.clone(),
            issuer_name: issuer_name.to_owned(),
            issue_date: time::town_date(mark.at),
        }))
    } else {
        stage
    }
}

fn numbered(stage: Stage, number: &Number) -> Stage {
    if let Stage::Signed(signed) = stage {
        Stage::Numbered(Box::new(Numbered { signed: *signed, number: number.clone() }))
    } else {
        stage
    }
}

fn sealed(stage: Stage, digest: Sm3Digest, mark: &Mark) -> Stage {
    if let Stage::Numbered(numbered) = stage {
        Stage::Sealed(Box::new(Sealed { numbered: *numbered, digest, by: mark.clone() }))
    } else {
        stage
    }
}

fn closed(stage: Stage, mark: &Mark) -> Stage {
    if let Stage::Sent(sent) | Stage::Delivered(sent) | Stage::Replied(sent) = stage {
        Stage::Closed(sent, mark.clone())
    } else {
        stage
    }
}

fn further(sent: Sent, recipient: &Recipient) -> Sent {
    let replace = |it: Recipient| if it.name == recipient.name { recipient.clone() } else { it };
    Sent { recipients: sent.recipients.into_iter().map(replace).collect(), ..sent }
}

fn replied(dispatch: Dispatch, reply: &Reply) -> Dispatch {
    let dispatch = in_sent(dispatch, |mut sent| {
        sent.replies.push(reply.clone());
        sent
    });
    in_stage(dispatch, |stage| {
        if let Stage::Sent(sent) | Stage::Delivered(sent) = stage { Stage::Replied(sent) } else { stage }
    })
}

fn urged(mut sent: Sent, urge: &Urge) -> Sent {
    sent.urges.push(urge.clone());
    sent
}
