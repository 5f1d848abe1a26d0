//! Tokens that must be believed, and tokens that must not.

use super::*;
use crate::signing::SoftEd25519;

const GATEWAY: ServiceName = ServiceName("gateway");

fn cell() -> Cell {
    Cell::parse("zhangpu.kunshan").expect("a cell")
}

/// A minter and a verifier of one cell.
fn pair() -> (Minter, Verifier) {
    let key = SoftEd25519::generate().expect("a key");
    let origin = Origin { key: key.public_key().clone(), speaks_for: vec![Institution::Enforcement] };
    let minter = Minter::new(cell(), GATEWAY, Arc::new(key));
    (minter, Verifier::new(cell(), HashMap::from([(GATEWAY, origin)])))
}

fn county() -> Principal {
    Principal::parse("county/housing").expect("a department")
}

fn mint(minter: &Minter, principal: &Principal, person: Option<&str>, now_s: u64) -> HeaderValue {
    let person = person.map(|id| PersonId::parse(id).expect("an id"));
    minter.mint(principal, person.as_ref(), now_s).expect("a token")
}

#[test]
fn a_token_names_who_was_let_in() {
    let (minter, verifier) = pair();
    let office = Principal::Institution(Institution::Office);
    let caller = verifier.verify_at(&mint(&minter, &office, Some("li"), 100), 100).expect("believed");
    assert_eq!(caller.principal, office);
    assert_eq!(caller.person.as_ref().map(PersonId::as_str), Some("li"));
    assert_eq!(caller.origin, GATEWAY);
}

#[test]
fn a_token_holds_for_a_minute() {
    let (minter, verifier) = pair();
    let token = mint(&minter, &county(), None, 100);
    // Also from the cache: the second question finds the token verified.
    for (now_s, believed) in [(100, true), (159, true), (160, false), (95, true), (94, false), (159, true)] {
        assert_eq!(verifier.verify_at(&token, now_s).is_ok(), believed, "{now_s}");
    }
    assert_eq!(verifier.verify_at(&token, 1_000), Err(TokenError::Expired));
}

#[test]
fn a_token_of_another_cell_or_origin_is_not_believed() {
    let (minter, _) = pair();
    let (_, verifier) = pair();
    let token = mint(&minter, &county(), None, 100);
    assert_eq!(verifier.verify_at(&token, 100), Err(TokenError::Signature), "the key of another gateway");
    let elsewhere = Cell::parse("bacheng.kunshan").expect("a cell");
    let foreign = Minter::new(elsewhere, GATEWAY, Arc::clone(&minter.signer));
    assert_eq!(verifier.verify_at(&mint(&foreign, &county(), None, 100), 100), Err(TokenError::ForeignCell));
    let unknown = Minter::new(cell(), ServiceName("finance"), Arc::clone(&minter.signer));
    assert_eq!(verifier.verify_at(&mint(&unknown, &county(), None, 100), 100), Err(TokenError::UnknownOrigin));
}

#[test]
fn no_flipped_letter_is_believed() {
    let (minter, verifier) = pair();
    let token = mint(&minter, &county(), None, 100);
    let text = token.to_str().expect("ascii");
    for at in 0..text.len() {
        let mut forged = text.as_bytes().to_vec();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = HeaderValue::from_bytes(&forged).expect("ascii");
        assert!(verifier.verify_at(&forged, 100).is_err(), "letter {at}");
    }
    for other in ["", ".", "a.b", "=.="] {
        assert_eq!(verifier.verify_at(&HeaderValue::from_static(other), 100), Err(TokenError::Malformed));
    }
    let long = HeaderValue::from_str(&"A".repeat(5_000)).expect("ascii");
    assert_eq!(verifier.verify_at(&long, 100), Err(TokenError::Malformed));
}

#[test]
fn an_origin_vouches_only_for_whom_it_may() {
    let (minter, verifier) = pair();
    let may = |principal: &Principal, person| verifier.verify_at(&mint(&minter, principal, person, 100), 100).is_ok();
    assert!(may(&Principal::Institution(Institution::Enforcement), None), "its own institution");
    assert!(!may(&Principal::Institution(Institution::Finance), None), "another institution, without a person");
    assert!(may(&Principal::Institution(Institution::Finance), Some("li")));
    assert!(!may(&Principal::TownLeaders, None));
    assert!(!may(&Principal::Service(ServiceName("office")), None), "no service speaks for another");
    assert!(!may(&Principal::Unassigned, Some("li")));
    for key in ["county/housing", "citizen/c", "auditor/a", "operator/o"] {
        assert!(may(&Principal::parse(key).expect("a principal"), None), "{key}");
    }
}

#[test]
fn a_token_is_minted_once_and_used_again() {
    let (minter, verifier) = pair();
    let first = minter.token(&county(), None).expect("a token");
    assert_eq!(minter.token(&county(), None).expect("a token"), first);
    assert!(verifier.verify(&first).is_ok());
}
