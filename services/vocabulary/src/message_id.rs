//! The identities of requests and messages: UUIDs (RFC 9562), written in lower case with hyphens.
//!
//! They are made by the sender; nothing here makes one, since that takes chance or a clock. Every version is taken, but not the
//! nil UUID, which stands for a field that nobody filled (AIP-155).

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A value that is no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UuidError {
    /// The text is not a hyphenated UUID of 36 characters.
    #[error("an id is a UUID, written as 36 characters with hyphens")]
    Form,
    /// It is the nil UUID.
    #[error("the nil UUID identifies nothing")]
    Nil,
}

impl UuidError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-UUID"
    }
}

fn parse(input: &str) -> Result<Uuid, UuidError> {
    // The uuid crate would also take braces, a URN and no hyphens.
    if input.len() != uuid::fmt::Hyphenated::LENGTH {
        return Err(UuidError::Form);
    }
    not_nil(Uuid::try_parse(input).map_err(|_| UuidError::Form)?)
}

fn not_nil(uuid: Uuid) -> Result<Uuid, UuidError> {
    if uuid.is_nil() { Err(UuidError::Nil) } else { Ok(uuid) }
}

macro_rules! identity {
    ($(#[$doc:meta])* $id:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $id(Uuid);

        impl $id {
            /// Reads the hyphenated text, in either case.
            ///
            /// # Errors
            /// [`UuidError`] for any other text and for the nil UUID.
            pub fn parse(input: &str) -> Result<Self, UuidError> {
                parse(input).map(Self)
            }

            /// The UUID itself.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl TryFrom<Uuid> for $id {
            type Error = UuidError;

            fn try_from(uuid: Uuid) -> Result<Self, Self::Error> {
                not_nil(uuid).map(Self)
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $id {
            type Err = UuidError;

            fn from_str(input: &str) -> Result<Self, Self::Err> {
                Self::parse(input)
            }
        }
    };
}

identity! {
    /// Identifies one write request of one principal: repeating it has no second effect.
    RequestId
}

identity! {
    /// Identifies a message of the relay (`msgId`), unique with its sender.
    MessageId
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXAMPLE: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

    #[test]
    fn one_canonical_text_is_written() {
        assert_eq!(RequestId::parse(&EXAMPLE.to_uppercase()).map(|id| id.to_string()).as_deref(), Ok(EXAMPLE));
        assert_eq!(MessageId::parse(EXAMPLE).map(MessageId::uuid), Ok(EXAMPLE.parse().expect("a uuid")));
    }

    #[test]
    fn other_texts_are_refused() {
        let others = [
            "",
            "x",
            "f81d4fae7dec11d0a76500a0c91e6bf6",
            "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bfg",
        ];
        for other in others {
            assert_eq!(RequestId::parse(other), Err(UuidError::Form), "{other}");
        }
        assert_eq!(RequestId::parse("00000000-0000-0000-0000-000000000000"), Err(UuidError::Nil));
        assert_eq!(RequestId::try_from(Uuid::nil()), Err(UuidError::Nil));
        assert_eq!(UuidError::Nil.code(), "ID-UUID");
    }

    proptest! {
        #[test]
        fn every_uuid_reads_back(value in 1u128.., input in any::<String>(), near in "[0-9a-fé-]{36}") {
            let id = MessageId::try_from(Uuid::from_u128(value)).expect("not nil");
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            let _ = (RequestId::parse(&input), RequestId::parse(&near));
        }
    }
}
