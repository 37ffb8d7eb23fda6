//! The features of a one-time code, their weights and distances: one table.
//!
//! Each row names a mail that the classifier gets wrong without it; a test takes the row away and looks.

/// The lowest score of a code.
pub(super) const THRESHOLD: i32 = 50;
/// A candidate that scores this much less than the best is not a code.
pub(super) const MAX_BELOW_BEST: i32 = 45;

/// Distances in characters.
pub(super) mod reach {
    /// From a code word to its number in the same line.
    pub(in super::super) const LINE: usize = 120;
    /// From a number to the code word after it.
    pub(in super::super) const AFTER: usize = 80;
    /// Between a code word and a number that belongs to it without a doubt.
    pub(in super::super) const BESIDE: usize = 20;
    /// From a label to its number in the same sentence.
    pub(in super::super) const LABEL: usize = 40;
    /// From the words in the lines before to a line with a number.
    pub(in super::super) const LINES_BEFORE: usize = 250;
    /// From a line with a number to the words in the line after.
    pub(in super::super) const LINE_AFTER: usize = 150;
}

macro_rules! weights {
    ($($(#[doc = $doc:literal])* $name:ident = $weight:literal, $mail:literal => [$($code:literal),*];)*) => {
        /// Something that is seen at a number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Feature {
            $($(#[doc = $doc])* $name,)*
        }

        /// The points of each feature.
        #[derive(Debug, Clone)]
        pub(super) struct Weights([i32; [$(Feature::$name),*].len()]);

        impl Default for Weights {
            fn default() -> Self {
                Self([$($weight),*])
            }
        }

        impl Weights {
            pub(super) fn of(&self, feature: Feature) -> i32 {
                self.0[feature as usize]
            }
        }

        /// The feature, the mail that needs it (subject, `|`, body), and the codes of that mail.
        #[cfg(test)]
        const ROWS: &[(Feature, &str, &[&str])] = &[$((Feature::$name, $mail, &[$($code),*])),*];
    };
}

weights! {
    /// A code word before it in the same sentence.
    WordBefore = 50, "|Your code for the new phone reads 7751" => ["7751"];
    /// The code word is right before it.
    WordBeside = 10, "|Your code: QXTBRW" => ["QXTBRW"];
    /// The word means one-time codes and nothing else.
    OneTimeWord = 15, "|Your OTP for the transaction of the shop is QXTBRW" => ["QXTBRW"];
    /// A code word before it, behind a comma: `with a code, Lyon 69003`.
    WordBehindComma = 10, "Your code|<p>Here is the code, Mara <b>482913</b> now</p>" => ["482913"];
    /// A code word before it in another sentence of the line.
    WordInLine = 15, "Your code|<p>The code is new. Mara <b>482913</b> it says</p>" => ["482913"];
    /// A code word after it in the same sentence.
    WordAfter = 50, "|7751 is your code" => ["7751"];
    /// A code word in the line before, which ends no sentence.
    WordWrapped = 50, "|<p>Your code is<br>7751 for now</p>" => ["7751"];
    /// A code word in the lines before.
    WordAbove = 35, "|Here is the code. Go on\n\n7751" => ["7751"];
    /// A code word in the line after.
    WordBelow = 30, "|775104\n\nThis code works for ten minutes." => ["775104"];
    /// The subject has a code word.
    SubjectWord = 20, "Your code|<p>Hello</p><h1>7751</h1>" => ["7751"];
    /// The subject is about signing in or verifying.
    SubjectTopic = 10, "Sign in|<p>Hello</p><h1>775104</h1>" => ["775104"];
    /// The subject is nothing else.
    WholeSubject = 30, "739205|That is all you need." => ["739205"];
    /// The body has nothing else.
    WholeBody = 20, "Sign in|7751" => ["7751"];
    /// A call to action right before it: `enter 775104`.
    AskedFor = 50, "Device sign-in|Go to https://q.example/device and enter 8388-8061." => ["83888061"];
    /// A call to action is in its sentence, which it ends.
    AskedAtEnd = 10, "Your code|Your code is 4417. At the desk please enter; for today only 7751." => ["4417", "7751"];
    /// A call to action near it.
    CallToAction = 20, "|<p>Type the number below on the page</p><h1>7751</h1>" => ["7751"];
    /// A call to action is a few words before it.
    AskedNear = 10, "Sign in|Type in the field 7751 now" => ["7751"];
    /// The line above asks for it and ends with a colon: `type this one:`.
    AskedForAbove = 10, "|<p>To finish, type this one:</p><h2>RFKWZT</h2>" => ["RFKWZT"];
    /// It begins the subject, or ends it behind a colon, and the body speaks of a one-time code.
    EndOfSubject = 50, "3821 is for you|This one-time code stops working soon." => ["3821"];
    /// It begins its line, a copula or a dash follows, and the subject has a code word: `775104 is what you enter`.
    CopulaAfter = 30, "Your code|7751 is what you need now" => ["7751"];
    /// The words before it present it, and the subject says what it is: `Here it is: 775104`.
    Presented = 40, "Your code|Hello Mara. Here it is: 7751, thanks." => ["7751"];
    /// The subject begins or ends with it, and it is alone or stands out.
    InSubject = 30, "118902: hello|118902\n\nThat is all we need." => ["118902"];
    /// Nothing else in the mail can be the code that it announces.
    Sole = 10, "Sign in|Type what we wrote, for you 7751 in full, it is valid for a while" => ["7751"];
    /// Every character stands apart.
    Boxed = 25, "|Type it there, please\n\n5-8-1-3" => ["5813"];
    /// Near it stands when it expires.
    Expiry = 10, "|Type it on the page\n\n7751\n\nIt expires soon" => ["7751"];
    /// Alone in its line.
    Alone = 20, "Your code|Hello\n\n775104\n\nBye" => ["775104"];
    /// Large, bold, monospaced or spaced.
    Emphasised = 10, "Your code|<p>Hello</p><h1>7751</h1>" => ["7751"];
    /// Six digits.
    SixDigits = 10, "Your code|Hello\n\n775104\n\nBye" => ["775104"];
    /// Capitals and digits, alone in its line, and the subject has a code word.
    MixedAlone = 10, "Your code|Hello\n\nT8WQPR\n\nBye" => ["T8WQPR"];
    /// The address of a link has it as a code.
    InLink = 30, "|<p>Hello</p><p>7751</p><a href='https://q.example/v?code=7751'>Go</a>" => ["7751"];
    /// Six digits alone in a mail whose language has no vocabulary.
    OnlyNumber = 30, "|<p>ᎣᏏᏲ</p><p>604417</p>" => ["604417"];
    /// In a list of recovery codes.
    Listed = 90, "Your recovery codes|Each works once\n\n48291-37710\n20451-87730\n66093-51827" => ["4829137710", "2045187730", "6609351827"];
    /// `@domain #code`, or the OTP-Token field.
    Explicit = 150, "|Hi\n\n@q.example #775104" => ["775104"];
    /// A label right before it: `order 482139`.
    LabelBeside = -100, "|Your code for order 482139 follows" => [];
    /// A label before it in a sentence without a code word.
    LabelBefore = -50, "Your code|<p>The code is new. The ticket stays at <b>482139</b></p>" => [];
    /// The line above is a label.
    LabelAbove = -60, "Your code|<p>Order number</p><h1>482139</h1>" => [];
    /// Another cell of its row, or what is before it in its line, says what it is.
    OtherRow = -40, "Your code|<p>The code. Yes.</p><table><tr><td>Foo</td><td><b>482139</b></td></tr></table>" => [];
    /// Its line is of a log.
    LogLine = -100, "|2026-11-18T03:00:01 your code: 775104" => [];
    /// A count follows: `482139 visitors`.
    Unit = -45, "Your code|<h1>Enter 775104 visitors</h1>" => [];
    /// It was not accepted: `code 604218 is wrong`.
    Failed = -80, "|Hello, code 604218 is wrong" => [];
    /// It is a price.
    Money = -80, "Your code|<h1>Enter 7751 EUR</h1>" => [];
    /// A mail to many quotes it with words around it.
    Quoted = -80, "Digest\nList-Id: <n.example>|Why do banks write \"Your code is 775104\" so often?" => [];
    /// Its line offers a discount, and it has letters or the discount is a percentage.
    Coupon = -80, "|Your code WELCOME10 gives 10% off" => [];
    /// Its line offers a discount, and it is a number.
    NumberInOffer = -30, "|Code 775104 gives free delivery" => [];
    /// A line near it offers a discount, and it has letters.
    CouponNear = -40, "|Your code: WELCOME10\n\nFree delivery on everything" => [];
    /// It can be a year.
    Year = -40, "|Access codes 2025" => [];
    /// `#` is before it.
    Hash = -15, "|Our code covers the point #7751" => [];
    /// A mail to many.
    Bulk = -20, "Your code\nList-Id: <n.example>|<p>Hello</p><h1>7751</h1>" => [];
    /// A link of the mail leads into a code forge.
    Forge = -60, "|The token is 481920\nhttps://git.example/a/b/pull/4821" => [];
    /// The subject is about an order or a booking, whose codes have letters.
    Booking = -60, "Your booking|Confirmation code HMXK4T2Q" => [];
    /// No digit in it.
    NoDigit = -10, "|The code that we all know today reads BANANA" => [];
    /// Letters and digits of any case.
    MixedCase = -10, "|The code that we all know today reads version7b" => [];
    /// Longer than codes are.
    Long = -15, "|The code that we all know today reads 1122334455" => [];
    /// Lower-case letters only.
    LowerCase = -25, "|Here is the code. Go on\n\nauto-sync" => [];
}

impl Feature {
    /// Reports whether it says that a number is no code, or one of another kind.
    pub(super) fn is_of_another(self) -> bool {
        matches!(
            self,
            Self::LabelBeside
                | Self::LabelBefore
                | Self::LabelAbove
                | Self::OtherRow
                | Self::LogLine
                | Self::Unit
                | Self::Failed
                | Self::Money
                | Self::Quoted
                | Self::Coupon
                | Self::NumberInOffer
                | Self::CouponNear
                | Self::Year
                | Self::Hash
                | Self::Bulk
                | Self::Forge
                | Self::Booking
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{body_prefix::BodyPrefix, extract};

    fn codes(mail: &str, weights: &Weights) -> Vec<String> {
        let (subject, body) = mail.split_once('|').unwrap();
        let raw = format!("Subject: {subject}\n\n");
        let subject = subject.lines().next();
        let mut prefix = BodyPrefix::default();
        if body.starts_with('<') {
            body.clone_into(&mut prefix.html);
        } else {
            body.clone_into(&mut prefix.text);
        }
        let extracted = extract::extract_with(subject, &prefix, raw.as_bytes(), weights);
        extracted.codes.into_iter().map(|code| code.value).collect()
    }

    /// Each mail is right with the table, and wrong without its row.
    #[test]
    fn weights_each_row_is_needed_by_its_mail() {
        let all = Weights::default();
        let mut idle = Vec::new();
        for (feature, mail, expected) in ROWS {
            assert_eq!(codes(mail, &all), *expected, "{feature:?}: {mail}");
            let mut without = all.clone();
            without.0[*feature as usize] = 0;
            if codes(mail, &without) == *expected {
                idle.push(feature);
            }
        }
        assert!(idle.is_empty(), "not needed: {idle:?}");
    }
}
