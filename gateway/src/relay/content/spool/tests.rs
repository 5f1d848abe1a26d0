use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn spool(folder: &Path) -> Spool {
    Spool::open(folder, Limits { uploads_max: 4, bytes_max: 1_000_000, age_max: HOUR }).expect("a spool")
}

fn sender() -> DepartmentCode {
    DepartmentCode::parse("government").expect("a department")
}

fn content(length: usize) -> Vec<u8> {
    (0_u8..251).cycle().take(length).collect()
}

fn put(spool: &Spool, bytes: &[u8], offset: usize) -> Result<Arc<Upload>, SpoolError> {
    let writing = spool.write(&sender(), Sm3Digest::of(bytes), bytes.len() as u64, offset as u64)?;
    for chunk in bytes[offset..].chunks(1_000) {
        writing.add(chunk)?;
    }
    writing.finish()
}

fn read(upload: &Upload) -> Vec<u8> {
    let mut bytes = Vec::new();
    upload.reader().and_then(|mut reader| reader.read_to_end(&mut bytes)).expect("readable");
    bytes
}

#[test]
fn an_upload_reads_back_and_leaves_no_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = spool(folder.path());
    for length in [0, 1, 65_536, 65_537, 300_000] {
        let bytes = content(length);
        let upload = put(&spool, &bytes, 0).expect("put");
        assert!(upload.is_complete());
        assert_eq!(read(&upload), bytes);
        let mut reader = upload.reader().expect("a reader");
        reader.seek(SeekFrom::End(-((length / 2) as i64))).expect("a place");
        let mut tail = Vec::new();
        reader.read_to_end(&mut tail).expect("readable");
        assert_eq!(tail, bytes[length - length / 2..]);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        spool.remove(&upload);
        assert!(spool.complete(&sender(), upload.digest()).is_none());
    }
}

#[test]
fn an_upload_is_resumed_where_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = spool(folder.path());
    let bytes = content(100_000);
    let digest = Sm3Digest::of(&bytes);
    let writing = spool.write(&sender(), digest, 100_000, 0).expect("begun");
    writing.add(&bytes[..40_000]).expect("added");
    assert!(matches!(spool.write(&sender(), digest, 100_000, 40_000), Err(SpoolError::Busy)));
    let upload = writing.finish().expect("a pause");
    assert_eq!((upload.received(), upload.is_complete()), (40_000, false));
    assert!(spool.complete(&sender(), digest).is_none());
    assert!(matches!(spool.write(&sender(), digest, 100_000, 50_000), Err(SpoolError::Offset { received: 40_000 })));
    assert_eq!(read(&put(&spool, &bytes, 40_000).expect("put")), bytes);
    // From the beginning it begins again.
    assert_eq!(read(&put(&spool, &bytes, 0).expect("put")), bytes);
    let other = DepartmentCode::parse("water").expect("a department");
    assert!(spool.find(&other, digest).is_none());
    assert!(matches!(spool.write(&other, digest, 100_000, 7), Err(SpoolError::Offset { received: 0 })));
}

#[test]
fn other_bytes_are_let_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = spool(folder.path());
    for length in [100, 100_000] {
        let bytes = content(length);
        let digest = Sm3Digest::of(&bytes);
        for at in [0, length / 2, length - 1] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            let writing = spool.write(&sender(), digest, length as u64, 0).expect("begun");
            writing.add(&flipped).expect("added");
            assert!(matches!(writing.finish(), Err(SpoolError::Digest)));
            assert!(spool.find(&sender(), digest).is_none());
        }
        let writing = spool.write(&sender(), digest, length as u64 - 1, 0).expect("begun");
        assert!(matches!(writing.add(&bytes), Err(SpoolError::Digest)));
    }
}

#[test]
fn the_spool_is_bounded_in_number_size_and_age() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = spool(folder.path());
    let large = content(999_000);
    put(&spool, &large, 0).expect("put");
    assert!(matches!(put(&spool, &content(2_000), 0), Err(SpoolError::Full)));
    put(&spool, b"a", 0).expect("put");
    // Half of all is one sender's share.
    assert!(matches!(put(&spool, b"b", 0), Err(SpoolError::Full)));
    assert_eq!(spool.sweep(), 0);
    let impatient = Spool::open(folder.path(), Limits { uploads_max: 4, bytes_max: 10, age_max: Duration::ZERO });
    let impatient = impatient.expect("a spool");
    put(&impatient, b"a", 0).expect("put");
    assert_eq!(impatient.sweep(), 1);
}
