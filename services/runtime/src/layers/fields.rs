//! The top-level fields of an encoded message, without knowing its type.

use prost::encoding::{WireType, decode_key, decode_varint};

/// One field as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// Its number.
    pub number: u32,
    /// All its bytes, key included.
    pub raw: &'a [u8],
    /// What a length-delimited field holds; empty for the other wire types.
    pub content: &'a [u8],
}

/// An encoding that no message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is no well-formed protobuf")]
pub(super) struct Malformed;

/// The fields of a message in the order in which they stand.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<Field<'_>, Malformed>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = next(&mut rest);
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

fn next<'a>(rest: &mut &'a [u8]) -> Result<Field<'a>, Malformed> {
    let start = *rest;
    let (number, wire) = decode_key(rest).map_err(|_| Malformed)?;
    let mut content: &[u8] = &[];
    match wire {
        WireType::Varint => drop(decode_varint(rest).map_err(|_| Malformed)?),
        WireType::SixtyFourBit => drop(take(rest, 8)?),
        WireType::ThirtyTwoBit => drop(take(rest, 4)?),
        WireType::LengthDelimited => {
            let length = decode_varint(rest).map_err(|_| Malformed)?;
            content = take(rest, usize::try_from(length).map_err(|_| Malformed)?)?;
        }
        // Groups ended with proto2.
        WireType::StartGroup | WireType::EndGroup => return Err(Malformed),
    }
    let raw = &start[..start.len() - rest.len()];
    Ok(Field { number, raw, content })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = left;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use townlink_proto::townlink::receiver::v1::ApplyRequest;

    use super::*;

    #[test]
    fn the_fields_of_a_message_are_found() {
        let request = ApplyRequest {
            request_id: "9a4c6f0e-8f0e-4a44-9df1-1f8a3b1c2d3e".to_owned(),
            directive_type: "GRANT_POWERS".to_owned(),
            directive: bytes::Bytes::from_static(b"{}"),
            ..ApplyRequest::default()
        };
        let bytes = request.encode_to_vec();
        let found = fields(&bytes).collect::<Result<Vec<_>, _>>().expect("well-formed");
        assert_eq!(found.iter().map(|field| field.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(found[0].content, request.request_id.as_bytes());
        assert_eq!(found.iter().flat_map(|field| field.raw).copied().collect::<Vec<_>>(), bytes);
    }

    #[test]
    fn what_is_cut_or_made_up_is_malformed() {
        for bytes in [
            &b"\x0a\x05ab"[..],
            b"\x0a",
            b"\x00",
            b"\x0b\x0c",
            b"\x0d\x01",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        ] {
            assert!(fields(bytes).any(|field| field.is_err()), "{bytes:?}");
        }
        assert_eq!(fields(b"").count(), 0);
    }
}
