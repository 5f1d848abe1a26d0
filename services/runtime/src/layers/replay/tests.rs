//! What makes two requests the same request.

use prost::Message as _;
use townlink_proto::DESCRIPTOR_SET;
use townlink_proto::townlink::receiver::v1::ApplyRequest;

use super::*;
use crate::access::Rules;

const ID: &str = "9a4c6f0e-8f0e-4a44-9df1-1f8a3b1c2d3e";

fn method(fingerprint: &[u32]) -> Method {
    let rules = Rules::read(DESCRIPTOR_SET).expect("the contracts have rules");
    let method = rules.of("/townlink.receiver.v1.ReceiverService/Apply").expect("the receiver");
    Method { fingerprint: fingerprint.to_vec(), ..(**method).clone() }
}

fn request() -> ApplyRequest {
    ApplyRequest {
        request_id: ID.to_owned(),
        directive_type: "GRANT_POWERS".to_owned(),
        title: "关于下放权力的决定".to_owned(),
        ..ApplyRequest::default()
    }
}

fn print(method: &Method, request: &ApplyRequest) -> Sm3Digest {
    identity(method, &request.encode_to_vec()).expect("well-formed").1
}

#[test]
fn named_fields_decide_or_else_all() {
    let other = ApplyRequest { title: "另一标题".to_owned(), ..request() };
    assert_ne!(print(&method(&[]), &request()), print(&method(&[]), &other));
    assert_eq!(print(&method(&[2]), &request()), print(&method(&[2]), &other));
    let other = ApplyRequest { directive_type: "WITHDRAW_POWERS".to_owned(), ..request() };
    assert_ne!(print(&method(&[2]), &request()), print(&method(&[2]), &other));
    let moved = Method { path: "/townlink.other.v1.Other/Apply".to_owned(), ..method(&[2]) };
    assert_ne!(print(&method(&[2]), &request()), print(&moved, &request()), "another method is another request");
}

#[test]
fn the_order_of_fields_does_not_matter_where_they_are_named() {
    let type_first = ApplyRequest { request_id: String::new(), title: String::new(), ..request() }.encode_to_vec();
    let rest = ApplyRequest { directive_type: String::new(), ..request() }.encode_to_vec();
    let turned = [type_first, rest].concat();
    let (id, digest) = identity(&method(&[2, 5]), &turned).expect("well-formed");
    assert_eq!(id.to_string(), ID);
    assert_eq!(digest, print(&method(&[2, 5]), &request()));
}

#[test]
fn a_field_cannot_pass_for_its_neighbour() {
    let one = ApplyRequest { directive_type: "AB".to_owned(), title: "C".to_owned(), ..request() };
    let other = ApplyRequest { directive_type: "A".to_owned(), title: "BC".to_owned(), ..request() };
    assert_ne!(print(&method(&[2, 5]), &one), print(&method(&[2, 5]), &other));
}

#[test]
fn an_id_is_a_uuid_and_the_message_is_whole() {
    for id in ["", "7", "9a4c6f0e8f0e4a449df11f8a3b1c2d3e", "00000000-0000-0000-0000-000000000000"] {
        let request = ApplyRequest { request_id: id.to_owned(), ..request() };
        let fault = identity(&method(&[]), &request.encode_to_vec()).map(|(id, _)| id);
        assert_eq!(fault.map_err(|fault| fault.field), Err("request_id".to_owned()), "{id}");
    }
    let cut = &request().encode_to_vec()[..20];
    assert!(identity(&method(&[]), cut).is_err());
}
