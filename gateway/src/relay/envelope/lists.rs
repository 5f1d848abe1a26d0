//! The closed lists of the envelope.

use std::fmt;

/// Makes an enum whose values are words of a closed list, with the reader and the writer.
macro_rules! closed_list {
    ($(#[$doc:meta])* $list:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal $(| $other:literal)*,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $list {
            $($(#[$value_doc])* $value,)+
        }

        impl $list {
            /// Every value, in the order of the law.
            pub const ALL: &'static [Self] = &[$(Self::$value,)+];

            /// The word that stands in the payload.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }

            /// Reads a word of the list; none for any other word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word $(| $other)* => Some(Self::$value),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $list {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

closed_list! {
    /// The fifteen kinds of official paper (公文条例 art. 8). Anything else travels as an attachment of one of them.
    DocType {
        /// 决议: what a meeting resolved.
        Resolution = "决议",
        /// 决定: a decision on an important matter.
        Decision = "决定",
        /// 命令 (令): an order.
        Order = "命令" | "令",
        /// 公报: a bulletin.
        Bulletin = "公报",
        /// 公告: an announcement to all.
        Announcement = "公告",
        /// 通告: a notice to the public.
        PublicNotice = "通告",
        /// 意见: an opinion.
        Opinion = "意见",
        /// 通知: a notice.
        Notice = "通知",
        /// 通报: a circular.
        Circular = "通报",
        /// 报告: a report.
        Report = "报告",
        /// 请示: a request for a decision.
        Request = "请示",
        /// 批复: the reply to a request.
        Reply = "批复",
        /// 议案: a bill.
        Bill = "议案",
        /// 函: a letter.
        Letter = "函",
        /// 纪要: minutes.
        Minutes = "纪要",
    }
}

closed_list! {
    /// How urgent a document or telegram is (紧急程度). An ordinary paper has none.
    Urgency {
        /// 特提: at once, telegrams only.
        Immediate = "特提",
        /// 特急.
        Extra = "特急",
        /// 加急.
        Urgent = "加急",
        /// 平急: telegrams only.
        Routine = "平急",
    }
}

closed_list! {
    /// What is asked of the addressee (办理类别).
    ActionClass {
        /// 阅知: to be read.
        Read = "阅知",
        /// 阅办: to be read and done.
        ReadAndDo = "阅办",
        /// 批办: to be decided by a leader, then done.
        Decide = "批办",
        /// 转办: to be passed on and done.
        PassOn = "转办",
    }
}

closed_list! {
    /// Whether the paper may be published (公开属性).
    Openness {
        /// 主动公开: published by itself.
        Open = "主动公开",
        /// 依申请公开: on application.
        OnApplication = "依申请公开",
        /// 不予公开: not published.
        Closed = "不予公开",
    }
}
