//! Personal data as it is stored (identifiers.md §9.3, §9.9): encrypted with SM4, and looked up by a keyed digest (HMAC-SM3).
//!
//! SM4 in CBC mode hides the text, HMAC-SM3 over all of it guards it (encrypt, then authenticate). Each sealed text is bound to
//! its *place*, such as `applicants/7/citizen_number`: copied into another row or column it does not open. The look-up digest is
//! bound to a *field* only, so that equal numbers of one field are found, and those of two fields cannot be matched.
//!
//! Keys and start blocks are arguments: keys come from a cryptographic device or service and are never in code or a database,
//! and a start block is 16 random bytes of whoever seals. The number of the key travels with the text, so that keys can change.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sm3::Sm3;
use sm4::Sm4;
use sm4::cipher::{Block, BlockCipherDecrypt as _, BlockCipherEncrypt as _};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What travels with a sealed text, so that a later algorithm can be told apart.
pub const ALGORITHM: &str = "SM4-CBC+HMAC-SM3";

/// How many bytes a key and a tag have.
pub const KEY_LENGTH: usize = 32;

/// How many bytes a block has, and so the start block.
pub const BLOCK_LENGTH: usize = 16;

/// The longest text that is sealed. Fields are short; a file goes to the content store.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The first byte of a sealed text: this form.
const FORM: u8 = 1;

/// Form, key number, start block.
const HEAD: usize = 1 + 4 + BLOCK_LENGTH;

/// A key for one purpose of one service. Wiped when dropped; never printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct FieldKey {
    #[zeroize(skip)]
    number: u32,
    encryption: [u8; BLOCK_LENGTH],
    authentication: [u8; KEY_LENGTH],
    look_up: [u8; KEY_LENGTH],
}

/// An encrypted and authenticated text: form, key number, start block, blocks, tag.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedField(Vec<u8>);

/// The keyed digest by which a text is found without being opened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookUpDigest([u8; KEY_LENGTH]);

/// A text that cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealedFieldError {
    /// The text is longer than a field.
    #[error("a sealed text has at most 65536 bytes")]
    Length,
    /// The bytes are no sealed text of this form.
    #[error("the bytes are no sealed text of a known form")]
    Form,
    /// Another key sealed it.
    #[error("the text was sealed with key {sealed}, not with key {given}")]
    Key {
        /// The number of the key that sealed it.
        sealed: u32,
        /// The number of the key that was given.
        given: u32,
    },
    /// It was changed, moved to another place, or sealed with another key of that number.
    #[error("the sealed text was changed or does not belong here")]
    Tag,
}

impl FieldKey {
    /// The key with a number, from 32 secret bytes of a device or service. The keys for each use are derived from them.
    #[must_use]
    pub fn new(number: u32, secret: &[u8; KEY_LENGTH]) -> Self {
        let mut encryption = [0; BLOCK_LENGTH];
        let derived = Zeroizing::new(mac(secret, &[b"townlink/field/encryption"]));
        encryption.copy_from_slice(&derived[..BLOCK_LENGTH]);
        Self {
            number,
            encryption,
            authentication: mac(secret, &[b"townlink/field/authentication"]),
            look_up: mac(secret, &[b"townlink/field/look-up"]),
        }
    }

    /// The number of the key.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Seals a text for its place. `start` is 16 random bytes, new for each text.
    ///
    /// # Errors
    /// [`SealedFieldError::Length`] where the text is no field.
    pub fn seal(&self, place: &str, text: &str, start: [u8; BLOCK_LENGTH]) -> Result<SealedField, SealedFieldError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(SealedFieldError::Length);
        }
        let padding = BLOCK_LENGTH - text.len() % BLOCK_LENGTH;
        let mut sealed = Vec::with_capacity(HEAD + text.len() + padding + KEY_LENGTH);
        sealed.push(FORM);
        sealed.extend(self.number.to_be_bytes());
        sealed.extend(start);
        let mut plain = Zeroizing::new(Vec::with_capacity(text.len() + padding));
        plain.extend_from_slice(text.as_bytes());
        plain.resize(text.len() + padding, u8::try_from(padding).unwrap_or_default());
        let cipher = Sm4::new(&self.encryption.into());
        let mut before = start;
        for piece in plain.chunks_exact(BLOCK_LENGTH) {
            let mut block: Block<Sm4> = xor(piece, before).into();
            cipher.encrypt_block(&mut block);
            before = block.into();
            sealed.extend(before);
        }
        let tag = self.tag(place, &sealed);
        sealed.extend(tag);
        Ok(SealedField(sealed))
    }

    /// Opens a sealed text in its place.
    ///
    /// # Errors
    /// [`SealedFieldError`]; nothing is decrypted unless the tag holds.
    pub fn open(&self, place: &str, sealed: &SealedField) -> Result<Zeroizing<String>, SealedFieldError> {
        if sealed.key_number() != self.number {
            return Err(SealedFieldError::Key { sealed: sealed.key_number(), given: self.number });
        }
        let (body, tag) = sealed.0.split_at(sealed.0.len() - KEY_LENGTH);
        let mut authenticator = authenticator(&self.authentication, &tagged(place, body));
        authenticator.update(body);
        authenticator.verify_slice(tag).map_err(|_| SealedFieldError::Tag)?;
        let cipher = Sm4::new(&self.encryption.into());
        let mut plain = Zeroizing::new(Vec::with_capacity(body.len() - HEAD));
        let mut before = block_of(&body[HEAD - BLOCK_LENGTH..HEAD]);
        for piece in body[HEAD..].chunks_exact(BLOCK_LENGTH) {
            let sealed_block = block_of(piece);
            let mut block: Block<Sm4> = sealed_block.into();
            cipher.decrypt_block(&mut block);
            plain.extend(xor(&block, before));
            before = sealed_block;
        }
        let padding = usize::from(plain.last().copied().unwrap_or_default());
        let length = plain.len().checked_sub(padding).ok_or(SealedFieldError::Form)?;
        let text = std::str::from_utf8(&plain[..length]).map_err(|_| SealedFieldError::Form)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// The digest by which a text is found among those of one field, such as `citizen_number`.
    #[must_use]
    pub fn look_up(&self, field: &str, text: &str) -> LookUpDigest {
        LookUpDigest(mac(&self.look_up, &[&length_of(field), field.as_bytes(), text.as_bytes()]))
    }

    fn tag(&self, place: &str, body: &[u8]) -> [u8; KEY_LENGTH] {
        let mut authenticator = authenticator(&self.authentication, &tagged(place, body));
        authenticator.update(body);
        authenticator.finalize().into_bytes().into()
    }
}

impl fmt::Debug for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldKey({})", self.number)
    }
}

impl SealedField {
    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`SealedFieldError::Form`] where they have not the form of a sealed text.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SealedFieldError> {
        let blocks = bytes.len().checked_sub(HEAD + KEY_LENGTH).ok_or(SealedFieldError::Form)?;
        let sound = bytes.first() == Some(&FORM) && blocks > 0 && blocks.is_multiple_of(BLOCK_LENGTH);
        if sound && blocks <= TEXT_BYTES_MAX + BLOCK_LENGTH { Ok(Self(bytes)) } else { Err(SealedFieldError::Form) }
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The number of the key that sealed it.
    #[must_use]
    pub fn key_number(&self) -> u32 {
        self.0[1..5].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
    }
}

impl fmt::Debug for SealedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedField(key {}, {} bytes)", self.key_number(), self.0.len())
    }
}

impl LookUpDigest {
    /// The bytes to store and to search for.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.0
    }
}

impl fmt::Debug for LookUpDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LookUpDigest(..)")
    }
}

/// What stands before the body under the tag: the place and the length of the body, so that no two pairs read alike.
fn tagged(place: &str, body: &[u8]) -> Vec<u8> {
    let mut head = length_of(place).to_vec();
    head.extend(place.as_bytes());
    head.extend(u64::try_from(body.len()).unwrap_or(u64::MAX).to_be_bytes());
    head
}

fn length_of(text: &str) -> [u8; 8] {
    u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes()
}

fn authenticator(key: &[u8; KEY_LENGTH], begin: &[u8]) -> Hmac<Sm3> {
    let mut authenticator = Hmac::<Sm3>::new_from_slice(key).expect("HMAC takes a key of any length");
    authenticator.update(begin);
    authenticator
}

fn mac(key: &[u8; KEY_LENGTH], parts: &[&[u8]]) -> [u8; KEY_LENGTH] {
    let mut authenticator = authenticator(key, &[]);
    for part in parts {
        authenticator.update(part);
    }
    authenticator.finalize().into_bytes().into()
}

fn block_of(piece: &[u8]) -> [u8; BLOCK_LENGTH] {
    xor(piece, [0; BLOCK_LENGTH])
}

fn xor(piece: &[u8], other: [u8; BLOCK_LENGTH]) -> [u8; BLOCK_LENGTH] {
    let mut result = other;
    for (byte, own) in result.iter_mut().zip(piece) {
        *byte ^= own;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACE: &str = "applicants/7/citizen_number";
    const NUMBER: &str = "32058319000101001X";

    fn key(number: u32) -> FieldKey {
        FieldKey::new(number, &[7; KEY_LENGTH])
    }

    #[test]
    fn the_published_vector_of_sm4_holds() {
        let block: [u8; BLOCK_LENGTH] =
            hex::decode("0123456789abcdeffedcba9876543210").expect("hexadecimal").try_into().expect("a block");
        let mut out: Block<Sm4> = block.into();
        Sm4::new(&block.into()).encrypt_block(&mut out);
        assert_eq!(hex::encode(out), "681edf34d206965e86b3e94f536e4246");
    }

    /// Computed with OpenSSL: `openssl dgst -sm3 -mac HMAC -macopt hexkey:0707…07` over `abc`.
    #[test]
    fn the_keyed_digest_is_hmac_with_sm3() {
        assert_eq!(hex::encode(mac(&[7; KEY_LENGTH], &[b"a", b"bc"])), HMAC_ABC);
    }

    const HMAC_ABC: &str = "652759426a2d737bc10cc8d3c61b8663551a154688886c9a23095ffe2654a3e3";

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let sealed = key(3).seal(PLACE, NUMBER, [9; BLOCK_LENGTH]).expect("a field");
        assert_eq!(key(3).open(PLACE, &sealed).as_deref().map(String::as_str), Ok(NUMBER));
        assert_eq!(key(3).open("applicants/8/citizen_number", &sealed), Err(SealedFieldError::Tag));
        assert_eq!(key(4).open(PLACE, &sealed), Err(SealedFieldError::Key { sealed: 3, given: 4 }));
        assert_eq!(FieldKey::new(3, &[8; KEY_LENGTH]).open(PLACE, &sealed), Err(SealedFieldError::Tag));
        assert!(!sealed.as_bytes().windows(6).any(|piece| piece == &NUMBER.as_bytes()[..6]));
    }

    #[test]
    fn stored_bytes_have_the_form_of_a_sealed_text() {
        let sealed = key(3).seal(PLACE, NUMBER, [9; BLOCK_LENGTH]).expect("a field").as_bytes().to_vec();
        assert!(SealedField::from_bytes(sealed.clone()).is_ok());
        let another_form = [&[FORM + 1], &sealed[1..]].concat();
        let (no_block, half_a_block) = (sealed[..HEAD + KEY_LENGTH].to_vec(), sealed[..sealed.len() - 1].to_vec());
        let mut too_long = sealed;
        too_long.resize(HEAD + KEY_LENGTH + TEXT_BYTES_MAX + 2 * BLOCK_LENGTH, 0);
        for bytes in [another_form, no_block, half_a_block, too_long] {
            assert_eq!(SealedField::from_bytes(bytes), Err(SealedFieldError::Form));
        }
    }

    #[test]
    fn neither_key_nor_text_is_printed() {
        let sealed = key(3).seal(PLACE, NUMBER, [9; BLOCK_LENGTH]).expect("a field");
        let shown = format!("{:?} {sealed:?} {:?}", key(3), key(3).look_up("citizen_number", NUMBER));
        assert_eq!(shown, "FieldKey(3) SealedField(key 3, 85 bytes) LookUpDigest(..)");
    }

    #[test]
    fn equal_texts_of_a_field_are_found_and_differ_when_sealed() {
        let found = |field, text| key(3).look_up(field, text);
        assert_eq!(found("citizen_number", NUMBER), found("citizen_number", NUMBER));
        assert_ne!(found("citizen_number", NUMBER), found("passport", NUMBER));
        assert_ne!(found("a", "bc"), found("ab", "c"));
        let one = key(3).seal(PLACE, NUMBER, [1; BLOCK_LENGTH]).expect("a field");
        assert_ne!(one, key(3).seal(PLACE, NUMBER, [2; BLOCK_LENGTH]).expect("a field"));
    }

    #[test]
    fn a_field_is_bounded() {
        let longest = "a".repeat(TEXT_BYTES_MAX);
        let sealed = key(1).seal(PLACE, &longest, [0; BLOCK_LENGTH]).expect("a field");
        assert_eq!(SealedField::from_bytes(sealed.as_bytes().to_vec()), Ok(sealed));
        assert_eq!(key(1).seal(PLACE, &format!("{longest}a"), [0; BLOCK_LENGTH]), Err(SealedFieldError::Length));
    }

    proptest! {
        #[test]
        fn every_text_opens_again(text in any::<String>(), place in any::<String>(), start in any::<[u8; 16]>(), secret in any::<[u8; 32]>()) {
            let key = FieldKey::new(1, &secret);
            let sealed = key.seal(&place, &text, start).expect("a field");
            let sealed = SealedField::from_bytes(sealed.as_bytes().to_vec()).expect("it was sealed");
            let opened = key.open(&place, &sealed).expect("it was sealed here");
            prop_assert_eq!(opened.as_str(), text);
        }

        #[test]
        fn no_changed_byte_opens(text in ".{0,40}", at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut bytes = key(1).seal(PLACE, &text, [5; BLOCK_LENGTH]).expect("a field").as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let opened = SealedField::from_bytes(bytes).and_then(|sealed| key(1).open(PLACE, &sealed));
            prop_assert!(opened.is_err());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = SealedField::from_bytes(bytes).and_then(|sealed| key(1).open(PLACE, &sealed));
        }
    }
}
