use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn limits() -> Limits {
    Limits {
        uploads_max: 4,
        bytes_max: 1_000_000,
        sender_bytes_max: 1_000_000,
        streams_max: 2,
        age_max: HOUR,
        idle_max: HOUR,
    }
}

fn spool(folder: &Path) -> Spool {
    Spool::open(folder, limits()).expect("a spool")
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
    let impatient = Spool::open(folder.path(), Limits { age_max: Duration::ZERO, ..limits() });
    let impatient = impatient.expect("a spool");
    put(&impatient, b"a", 0).expect("put");
    assert_eq!(impatient.sweep(), 1);
}

#[test]
fn what_a_sender_only_says_takes_no_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let bounds = Limits { uploads_max: 100, bytes_max: 8 << 20, sender_bytes_max: 4 << 20, ..limits() };
    let spool = Spool::open(folder.path(), bounds).expect("a spool");
    let begin = |sender: &DepartmentCode, n: u8| spool.write(sender, Sm3Digest::of(&[n]), 200 << 20, 0);
    // Each that is begun keeps room for one chunk, whatever it says of its size.
    for n in 0..4 {
        begin(&sender(), n).expect("begun");
    }
    assert!(matches!(begin(&sender(), 4), Err(SpoolError::Full)));
    let other = DepartmentCode::parse("water").expect("a department");
    let writing = begin(&other, 0).expect("the other has his own share");
    for _ in 0..3 {
        writing.add(&vec![0; 1 << 20]).expect("added");
    }
    assert!(matches!(writing.add(&[0]), Err(SpoolError::Full)));
    let upload = writing.finish().expect("a pause");
    assert_eq!(upload.received(), 3 << 20);
    spool.remove(&upload);
    begin(&other, 1).expect("there is room again");
}

#[test]
fn an_upload_that_was_let_go_is_written_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(folder.path(), Limits { idle_max: Duration::ZERO, ..limits() }).expect("a spool");
    put(&spool, b"whole", 0).expect("put");
    let writing = spool.write(&sender(), Sm3Digest::of(b"x"), 100, 0).expect("begun");
    assert_eq!(spool.sweep(), 1, "only what has not wholly arrived");
    assert!(matches!(writing.add(b"x"), Err(SpoolError::Offset { received: 0 })));
}

#[test]
fn a_sender_has_so_many_streams() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = spool(folder.path());
    let streams: Vec<_> = (0..2).map(|_| spool.stream(&sender()).expect("a stream")).collect();
    assert!(matches!(spool.stream(&sender()), Err(SpoolError::Full)));
    spool.stream(&DepartmentCode::parse("water").expect("a department")).expect("another's");
    drop(streams);
    spool.stream(&sender()).expect("there is room again");
}

#[test]
fn a_full_disk_is_no_bug_and_is_resumed() {
    let full = disk_failure(io::Error::from(io::ErrorKind::StorageFull));
    assert!(matches!(full, Failure::Exhausted(_)));
    assert!(matches!(disk_failure(io::Error::other("x")), Failure::Unavailable { .. }));
    let folder = tempfile::tempdir().expect("a folder");
    let spool = spool(folder.path());
    let bytes = content(100_000);
    let writing = spool.write(&sender(), Sm3Digest::of(&bytes), 100_000, 0).expect("begun");
    writing.add(&bytes[..50_000]).expect("added");
    // A file that takes no bytes stands for a full disk.
    let path = folder.path().join("read-only");
    std::fs::write(&path, b"").expect("a file");
    let broken = Body::File { file: File::open(&path).expect("a file"), start: Start::generate().expect("a start") };
    let whole = std::mem::replace(&mut writing.upload.state().body, Arc::new(broken));
    assert!(matches!(writing.add(&bytes[50_000..]), Err(SpoolError::Failed(_))));
    writing.upload.state().body = whole;
    assert_eq!(writing.finish().expect("a pause").received(), 50_000);
    assert_eq!(read(&put(&spool, &bytes, 50_000).expect("put")), bytes);
}
