//! What no paper may carry out of the house: marks of secrecy, and programs (relay-and-sharing.md §8.1, §8.2).

use vocabulary::screening::{is_executable, is_secret};

use super::content::{Content, File};
use super::refusal::Unfit;

/// Nothing that bears a mark of secrecy goes through this network (保守国家秘密法 arts. 29–31), and no program does.
pub(crate) fn check(content: &Content) -> Result<(), Unfit> {
    let texts = [&content.title, &content.text, &content.opinion, &content.consent].into_iter();
    let secret = texts.chain(&content.matters).any(|text| is_secret(text))
        || content.files.iter().any(|file| is_secret(&file.name) || is_secret(&String::from_utf8_lossy(&file.content)));
    if secret {
        return Err(Unfit::Classified);
    }
    match content.files.iter().find(|file| is_executable(&file.name, &file.content)) {
        Some(file) => Err(Unfit::Executable { file: file.name.clone() }),
        None => Ok(()),
    }
}

/// The files that cannot be looked through: a person has to.
pub(crate) fn opaque(content: &Content) -> Vec<String> {
    let plain = |file: &&File| std::str::from_utf8(&file.content).is_ok_and(|text| !text.contains('\0'));
    content.files.iter().filter(|file| !plain(file)).map(|file| file.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::samples;
    use super::*;

    #[test]
    fn marks_are_found_wherever_they_stand() {
        let refused = |change: &dyn Fn(&mut Content)| {
            let mut content = samples::letter();
            change(&mut content);
            check(&content).err()
        };
        for text in ["秘密★1年", "机 密\u{3000}☆", "绝\u{200b}密★", "本件属工作秘密"] {
            assert_eq!(refused(&|it| it.title = text.to_owned()), Some(Unfit::Classified), "{text}");
            assert_eq!(refused(&|it| it.text = format!("正文\n{text}")), Some(Unfit::Classified), "{text}");
            assert_eq!(refused(&|it| it.matters = vec![text.to_owned()]), Some(Unfit::Classified), "{text}");
            let file = |it: &mut Content, name: &str, content: &str| {
                it.files.push(File { name: name.to_owned(), content: Bytes::copy_from_slice(content.as_bytes()) });
            };
            assert_eq!(refused(&|it| file(it, "附件.txt", text)), Some(Unfit::Classified), "{text}");
            assert_eq!(refused(&|it| file(it, &format!("{text}.txt"), "a")), Some(Unfit::Classified), "{text}");
        }
        for text in ["保守国家秘密法", "机密", "秘密：★"] {
            assert_eq!(refused(&|it| it.text = text.to_owned()), None, "{text}");
        }
    }

    #[test]
    fn programs_do_not_go_out_and_what_is_no_text_is_looked_at() {
        let with = |name: &str, content: &'static [u8]| {
            let file = File { name: name.to_owned(), content: Bytes::from_static(content) };
            Content { files: vec![file], ..samples::letter() }
        };
        for (name, content) in
            [("表.exe", b"a".as_slice()), ("表.PY .", b"a"), ("表.txt", b"\x7fELF"), ("表", b"#!/bin/sh")]
        {
            assert_eq!(check(&with(name, content)), Err(Unfit::Executable { file: name.to_owned() }));
        }
        assert_eq!(check(&with("表.csv", b"a,b")), Ok(()));
        assert_eq!(opaque(&with("表.csv", b"a,b")), Vec::<String>::new());
        assert_eq!(opaque(&with("图.ofd", b"PK\x03\x04\0")), ["图.ofd"]);
    }
}
