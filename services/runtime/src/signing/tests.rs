//! What must hold of signatures and keys, also against OpenSSL.

use std::process::Command;

use proptest::prelude::*;

use super::*;

fn signers() -> Vec<Arc<dyn Signer>> {
    vec![Arc::new(SoftSm2::generate().expect("randomness")), Arc::new(SoftEd25519::generate().expect("randomness"))]
}

fn sign(signer: &dyn Signer, message: &[u8]) -> Signature {
    Signature {
        key_id: signer.public_key().key_id(),
        algorithm: signer.algorithm(),
        value: signer.sign(message).expect("signs"),
    }
}

#[test]
fn a_signature_verifies_and_every_changed_byte_is_refused() {
    for signer in signers() {
        let message = b"\xe9\x80\x9a\xe7\x9f\xa5 2026";
        let signature = sign(&*signer, message);
        SoftVerifier.verify(signer.public_key(), message, &signature).expect("its own signature");
        for at in 0..signature.value.len() {
            let mut changed = signature.clone();
            changed.value[at] ^= 1;
            assert!(verify(signer.public_key(), message, &changed).is_err(), "{} byte {at}", signer.algorithm());
        }
        for at in 0..message.len() {
            let mut changed = message.to_vec();
            changed[at] ^= 1;
            assert!(verify(signer.public_key(), &changed, &signature).is_err());
        }
        let mut longer = signature.clone();
        longer.value.push(0);
        assert!(verify(signer.public_key(), message, &longer).is_err());
    }
}

#[test]
fn a_signature_under_another_key_or_algorithm_name_is_refused() {
    let ours = signers();
    let others = signers();
    for (signer, other) in ours.iter().zip(&others) {
        let signature = sign(&**signer, b"x");
        assert!(matches!(verify(other.public_key(), b"x", &signature), Err(SigningError::WrongSignature)));
    }
    let mut signature = sign(&*ours[0], b"x");
    signature.algorithm = Algorithm::Ed25519;
    assert!(matches!(verify(ours[0].public_key(), b"x", &signature), Err(SigningError::AlgorithmMismatch { .. })));
}

#[test]
fn sm2_signatures_are_randomised() {
    let signer = SoftSm2::generate().expect("randomness");
    assert_ne!(signer.sign(b"x").expect("signs"), signer.sign(b"x").expect("signs"));
}

#[test]
fn keys_survive_their_pem_and_debug_shows_no_secret() {
    let sm2 = SoftSm2::generate().expect("randomness");
    let pem = sm2.to_pem().expect("encodes");
    let again = SoftSm2::from_pem(&pem).expect("decodes");
    assert_eq!(again.public_key(), sm2.public_key());
    let ed25519 = SoftEd25519::generate().expect("randomness");
    let ed_pem = ed25519.to_pem().expect("encodes");
    let ed_again = SoftEd25519::from_pem(&ed_pem).expect("decodes");
    assert_eq!(ed_again.public_key(), ed25519.public_key());
    for (pem, public) in [(&pem, sm2.public_key()), (&ed_pem, ed25519.public_key())] {
        let signer = soft_signer(pem).expect("either algorithm");
        assert_eq!(signer.public_key(), public);
        assert_eq!(signer.security().as_str(), "SOFT");
        assert_eq!(&PublicKey::from_pem(&public.to_pem()).expect("SPKI"), public);
        assert!(PublicKey::from_pem(pem).is_err(), "a private key is no public key");
    }
    for signer in [&sm2 as &dyn Signer, &ed25519] {
        let shown = format!("{signer:?}");
        let (_, fields) = shown.split_once('{').expect("a struct");
        let (algorithm, key_id) = (signer.algorithm(), signer.public_key().key_id());
        assert_eq!(fields, format!(" public: PublicKey({algorithm} {key_id}), .. }}"));
    }
    assert!(soft_signer("-----BEGIN PRIVATE KEY-----").is_err());
}

#[test]
fn sm3_is_that_of_the_standard() {
    use sm3::Digest as _;
    let vectors = [
        ("abc".to_owned(), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        ("abcd".repeat(16), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ];
    for (text, digest) in vectors {
        assert_eq!(hex::encode(sm3::Sm3::digest(text)), digest);
    }
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    assert!(PublicKey::from_ed25519_bytes(&[0; 32]).is_err());
    let mut identity = [0_u8; 32];
    identity[0] = 1;
    assert!(PublicKey::from_ed25519_bytes(&identity).is_err());
    assert!(PublicKey::from_sm2_point(&[0]).is_err());
    assert!(PublicKey::from_sm2_point(&[4; 65]).is_err());
    // A P-256 key.
    let p256 = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEa+c/1sUqX4IxTiuhzv1O4JYKPyD7\nKJuw4nJiMuBSBm+oOqkTiHHqmCeXWBzWRqG6A0zLnE3wZPBGJnVYl7nKgQ==\n-----END PUBLIC KEY-----\n";
    assert!(PublicKey::from_pem(p256).is_err());
}

#[test]
fn openssl_verifies_ours_and_we_verify_openssl() {
    let dir = tempdir();
    let path = |name: &str| dir.join(name).to_str().expect("utf-8 path").to_owned();
    let signer = SoftSm2::generate().expect("randomness");
    std::fs::write(path("message"), b"receipt").expect("writes");
    std::fs::write(path("public.pem"), signer.public_key().to_pem()).expect("writes");
    std::fs::write(path("private.pem"), signer.to_pem().expect("pem").as_bytes()).expect("writes");
    std::fs::write(path("sig"), signer.sign(b"receipt").expect("signs")).expect("writes");
    let distid = format!("distid:{SM2_SIGNER_ID}");
    openssl(&[
        "dgst",
        "-sm3",
        "-sigopt",
        &distid,
        "-verify",
        &path("public.pem"),
        "-signature",
        &path("sig"),
        &path("message"),
    ]);
    openssl(&[
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        &path("public.pem"),
        "-in",
        &path("message"),
        "-sigfile",
        &path("sig"),
        "-rawin",
        "-digest",
        "sm3",
        "-pkeyopt",
        &distid,
    ]);
    openssl(&[
        "dgst",
        "-sm3",
        "-sigopt",
        &distid,
        "-sign",
        &path("private.pem"),
        "-out",
        &path("theirs"),
        &path("message"),
    ]);
    let theirs = std::fs::read(path("theirs")).expect("reads");
    signer.public_key().verify(b"receipt", &theirs).expect("an OpenSSL signature");

    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", &path("made.pem")]);
    openssl(&["pkey", "-in", &path("made.pem"), "-pubout", "-out", &path("made.pub")]);
    let made = SoftSm2::from_pem(&std::fs::read_to_string(path("made.pem")).expect("reads")).expect("an OpenSSL key");
    let public = PublicKey::from_pem(&std::fs::read_to_string(path("made.pub")).expect("reads")).expect("its SPKI");
    assert_eq!(made.public_key(), &public);

    let ed25519 = SoftEd25519::generate().expect("randomness");
    std::fs::write(path("ed.pem"), ed25519.to_pem().expect("pem").as_bytes()).expect("writes");
    openssl(&["pkey", "-in", &path("ed.pem"), "-pubout", "-out", &path("ed.pub")]);
    let public = PublicKey::from_pem(&std::fs::read_to_string(path("ed.pub")).expect("reads")).expect("its SPKI");
    assert_eq!(ed25519.public_key(), &public);
    std::fs::remove_dir_all(dir).expect("removes");
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
}

fn tempdir() -> std::path::PathBuf {
    let mut name = [0_u8; 8];
    getrandom::fill(&mut name).expect("randomness");
    let dir = std::env::temp_dir().join(format!("townlink-signing-{}", hex::encode(name)));
    std::fs::create_dir(&dir).expect("creates");
    dir
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn parsers_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
        let _ = PublicKey::from_pem(&text);
        let _ = PublicKey::from_spki_der(&bytes);
        let _ = PublicKey::from_sm2_point(&bytes);
        let _ = PublicKey::from_ed25519_bytes(&bytes);
        let _ = soft_signer(&text);
        let _ = text.parse::<Algorithm>();
    }

    #[test]
    fn malformed_keys_and_signatures_never_panic(at in 0_usize..200, with in any::<u8>(), cut in 0_usize..200) {
        for signer in signers() {
            let mut der = signer.public_key().to_spki_der();
            let place = at % der.len();
            der[place] = with;
            let _ = PublicKey::from_spki_der(&der[..der.len().saturating_sub(cut % 3)]);
            let mut pem = signer.public_key().to_pem().into_bytes();
            let place = at % pem.len();
            pem[place] = with & 0x7f;
            let _ = PublicKey::from_pem(std::str::from_utf8(&pem).expect("ascii"));
            let mut signature = sign(&*signer, b"x");
            let place = at % signature.value.len();
            let same = signature.value[place] == with;
            signature.value[place] = with;
            prop_assert_eq!(verify(signer.public_key(), b"x", &signature).is_ok(), same);
            signature.value.truncate(cut % signature.value.len());
            prop_assert!(verify(signer.public_key(), b"x", &signature).is_err());
        }
    }
}
