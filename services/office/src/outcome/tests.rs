use proptest::prelude::*;

use super::instruction;

/// What names a case and prescribes its outcome.
const REFUSED: [&str; 36] = [
    "准予申请 ZP20260301000012",
    "请对 ZP20260301000012 不予许可",
    "ZP20260301000012 予以许可，尽快发放。",
    "请批准ZP20260301000012。",
    "关于 ZP20260301000012：应当通过。",
    "ZPCF202600012 一案，罚款5000元",
    "对ZPCF202600012处以两万元罚款",
    "ZPCF202600012 不得立案",
    "ZPCF202600012 予以立案处罚",
    "ZPCF202600012 免予处罚",
    "ZPCF202600012 从轻处罚至一千元",
    "张政罚决字〔2026〕12号的处罚应予撤销，请撤销该案",
    "撤销该案",
    "该案不予处罚",
    "此申请尽快办结并同意",
    "此申请原则上同意",
    "此申请希望予以关照",
    "某某公司的许可申请准予",
    "昆山华鑫电子有限公司的许可申请，同意其申请",
    "昆山华鑫电子有限公司违法建设案，罚款三万元",
    "张某占道经营案不要处罚",
    "李某某的申请驳回",
    "张三占道经营一案从宽处理",
    "请驳回上述申请",
    "Ｚ Ｐ ２０２６０３０１ ０００ ０１２ 准\n予",
    "準予申請 ZP20260301000012",
    "ZPCF202600012 駁回",
    "对该案高抬贵手",
    "这家饭店的申请予以支持",
    "zp20260301000012，特事特办",
    "ZPCF202600012 不再追究",
    "ZPCF202600012，查封其设备",
    "请将 ZPCF202600012 撤案",
    "ZP20260301000012 视为已批准",
    "关于 ZP20260301000012。大意如下。请勿许可。",
    "张政罚决〔2026〕12号，降至500元",
];

/// General rules, and requests about a case that fix no outcome.
const PASSING: [&str; 33] = [
    "对占道经营首次违法情节轻微的，可以不予处罚",
    "请对 ZP20260301000012 说明理由并重新审查程序",
    "请补正 ZPCF202600012 的送达程序",
    "请说明 ZP20260301000012 不予许可的理由",
    "请说明ZPCF202600012处以罚款的依据",
    "请审查 ZP20260301000012 是否准予，并书面报告",
    "ZP20260301000012 已作出不予许可决定，未说明理由，请补充说明",
    "请于三日内报告 ZPCF202600012 的办理进度",
    "ZPCF202600012 办理超过时限，请说明原因并尽快办结",
    "根据昆政办发〔2026〕18号，对首次违法且及时改正的，不予行政处罚",
    "符合条件的申请应当准予许可",
    "对小微企业的许可申请，符合条件的予以许可",
    "申请材料齐全、符合法定形式的，应当受理",
    "罚款幅度为一千元以上五千元以下",
    "情节严重的，处以五千元以上一万元以下罚款",
    "执法人员与该案有利害关系的，应当回避",
    "请重新审查该案的证据",
    "请纠正此案的告知程序",
    "2026年重点整治违法建设，依法从严查处",
    "涉案财物应当妥善保管",
    "一案一卷，及时归档；不予处罚的也要说明理由",
    "某类申请不予受理的，应当一次告知",
    "对公司的许可申请，依法批准或者不批准的，均应说明理由",
    "经市政府同意，现将裁量基准印发给你们",
    "请说明该案延期的原因",
    "该案的信息不予公开，请说明依据",
    "不得收取任何费用",
    "沿街店铺违法经营案件增多，请加强巡查",
    "请核对 ZP20260301000012 的送达地址",
    "张政罚决字〔2026〕12号的决定书未加盖印章，请补正",
    "新修订的条例自2026年3月1日起施行",
    "有限责任公司的设立申请，应当依法登记",
    "对餐饮店的申请，能当场办结的当场办结",
];

#[test]
fn an_outcome_of_one_case_is_an_instruction() {
    for text in REFUSED {
        assert!(instruction([text]).is_some(), "{text}");
    }
}

#[test]
fn general_rules_and_questions_of_procedure_pass() {
    for text in PASSING {
        assert_eq!(instruction([text]), None, "{text}");
    }
}

#[test]
fn what_was_found_is_told() {
    let found = instruction(["关于 ZP20260301000012", "准予"]).expect("title and text stand together");
    assert_eq!((found.case.as_str(), found.outcome.as_str()), ("ZP20260301000012", "准予"));
    assert_eq!(instruction(["准予"]), None);
    assert_eq!(instruction(["ZP20260301000012"]), None);
}

/// A text with something that makes no difference between its characters.
fn disguised(text: &'static str) -> impl Strategy<Value = String> {
    let between = prop_oneof![
        6 => Just(""), 1 => Just(" "), 1 => Just("\n"), 1 => Just("\u{3000}"), 1 => Just("，"), 1 => Just("-"), 1 => Just("\u{200b}")
    ];
    let each = prop::collection::vec((between, any::<bool>()), text.chars().count());
    each.prop_map(move |each| {
        let full = |c: char| char::from_u32(u32::from(c) + 0xfee0).filter(|_| c.is_ascii_alphanumeric()).unwrap_or(c);
        text.chars()
            .zip(each)
            .flat_map(|(c, (between, wide))| std::iter::once(if wide { full(c) } else { c }).chain(between.chars()))
            .collect()
    })
}

proptest! {
    #[test]
    fn a_disguise_changes_no_verdict(
        refused in prop::sample::select(REFUSED.as_slice()).prop_flat_map(disguised),
        passing in prop::sample::select(PASSING.as_slice()).prop_flat_map(disguised),
        anything in any::<String>(),
    ) {
        prop_assert!(instruction([refused.as_str()]).is_some(), "{}", refused);
        prop_assert_eq!(instruction([passing.as_str()]), None, "{}", passing);
        let _ = instruction([anything.as_str()]);
    }
}
