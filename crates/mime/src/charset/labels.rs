//! Names of charsets, by what decodes them. Names are in lower case and without punctuation; a prefix `x` or `cs` is not listed.

use super::{Charset, code_pages};

/// Names that a mail can use for each charset, separated by spaces: the labels of the WHATWG Encoding standard, the aliases of IANA, and what mail programs write.
pub(super) const LABELS: &[(Charset, &str)] = &[
    (
        Charset::Ascii,
        "646 7bit 8bit ansix341968 ansix341986 ascii cp367 default ibm367 iso646irv1991 iso646us \
         isoir6 none unknown unknown8bit us usascii usascii7 utf7bit",
    ),
    (
        Charset::Iso2022(encoding_rs::GBK),
        "cp50227 cp50229 iso2022cn iso2022cnext",
    ),
    (Charset::Iso2022(encoding_rs::EUC_KR), "cp50225 iso2022kr"),
    (
        Charset::Iso2022(encoding_rs::SHIFT_JIS),
        "cp50220 cp50221 cp50222 iso2022 iso2022jp iso2022jp1 iso2022jp2 iso2022jp2004 iso2022jp3 \
         iso2022jpext iso2022jpms jis jis7 jisencoding xwindows50220 xwindows50221 \
         xwindowsiso2022jp",
    ),
    (Charset::Hz, "cp52936 hz hzgb hzgb2312"),
    (
        Charset::Utf7,
        "cp65000 u7 unicode11utf7 utf7 utf7imap xunicode20utf7",
    ),
    (Charset::Utf16, "iso10646ucs2 u16 ucs2 unicode unicodefffe0 utf16"),
    (Charset::Utf32(None), "cp65005x iso10646ucs4 u32 ucs4 utf32"),
    (Charset::Utf32(Some(false)), "cp12000 cp65005 ucs4le utf32le"),
    (Charset::Utf32(Some(true)), "cp12001 cp65006 ucs4be utf32be"),
    (
        Charset::Standard(encoding_rs::WINDOWS_1252),
        "8859 88591 ansi cp1004 cp1252 cp28591 cp819 cswindows30latin1 cswindows31latin1 ibm1252 \
         ibm819 iso85591 iso8859 iso885901 iso88591 iso885911987 iso88591windows \
         iso88591windows31latin1 isoir100 isolatin1 l1 latin latin1 latin1windows msansi western \
         win1252 windows windows1252 windowslatin1 winlatin1",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_2),
        "88592 cp28592 cp912 ibm912 iso885902 iso88592 iso885921987 isoir101 isolatin2 l2 latin2",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_3),
        "88593 cp28593 cp913 ibm913 iso88593 iso885931988 isoir109 isolatin3 l3 latin3",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_4),
        "88594 cp28594 cp914 ibm914 iso88594 iso885941988 isoir110 isolatin4 l4 latin4",
    ),
    (
        Charset::Standard(encoding_rs::WINDOWS_1254),
        "88599 cp1254 cp28599 cp920 ibm1254 ibm920 iso88599 iso885991989 isoir148 isolatin5 l5 \
         latin5 msturk turkish win1254 windows1254",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_10),
        "885910 cp28600 cp919 iso885910 isoir157 isolatin6 l6 latin6",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_15),
        "885915 cp28605 cp923 ibm923 iso885915 isoir203 isolatin9 l0 l9 latin0 latin9",
    ),
    (
        Charset::Standard(encoding_rs::IBM866),
        "866 alt cp866 cp866u cyrillicdos dos866 ibm866",
    ),
    (
        Charset::Standard(encoding_rs::MACINTOSH),
        "applemac cp10000 mac macintosh macroman macwestern",
    ),
    (
        Charset::Standard(encoding_rs::KOI8_R),
        "cp20866 cp878 ibm878 koi koi8 koi8r koi8rr",
    ),
    (
        Charset::Standard(encoding_rs::GBK),
        "chinese cngb cp1381 cp1386 cp20936 cp936 csiso58gb231280 euccn eucgb2312cn gb gb12345 \
         gb1988 gb2312 gb23121980 gb231280 gbk gbk2312 hzgbk ibm1386 isoir58 ms936 \
         simplifiedchinese windows936 xmacsimpchinese xmswin936 zhcn",
    ),
    (
        Charset::Standard(encoding_rs::BIG5),
        "big5 big52003 big5eten big5hkscs big5tw big5uao chinesetraditional cnbig5 cp1370 cp950 \
         cp951 eten hkscs ibm950 ms950 windows950 xmactradchinese zhtw",
    ),
    (
        Charset::Utf8,
        "cesu8 cp65001 iso10646 u8 unicode11utf8 unicode20utf8 unicodeutf8 utf utf8 utf8bom \
         utf8mac utf8mb4 utf8n utf8sig utf8strict utf8ucs2 utf8ucs4 utf8unicode utf8variant \
         windows65001 wtf8 xnutf8",
    ),
    (
        Charset::Standard(encoding_rs::SHIFT_JIS),
        "cp932 cp942 cp943 cp943c ibm932 ibm943 ibm943c jisx0208 ms932 mskanji mskanjicp932 \
         shiftjis shiftjis2004 shiftjisx0213 sjis sjis2004 sjiswin sjisx0213 windows31j windows932 \
         xmacjapanese xmscp932",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_7),
        "88597 cp28597 cp813 csisolatingreek ecma118 elot928 greek greek8 ibm813 iso88597 \
         iso885971987 isoir126 suneugreek",
    ),
    (
        Charset::Standard(encoding_rs::WINDOWS_1250),
        "cp1250 cswindows31latin2 ibm1250 msee mswin1250 win1250 windows1250 windowslatin2",
    ),
    (
        Charset::Standard(encoding_rs::WINDOWS_1251),
        "cp1251 cyrillicwin ibm1251 mscyrl win1251 wincyr windows1251",
    ),
    (
        Charset::Standard(encoding_rs::WINDOWS_1253),
        "cp1253 ibm1253 msgreek win1253 windows1253",
    ),
    (
        Charset::Standard(encoding_rs::WINDOWS_1255),
        "cp1255 ibm1255 mshebr win1255 windows1255",
    ),
    (
        Charset::Standard(encoding_rs::WINDOWS_1256),
        "cp1256 ibm1256 msarab win1256 windows1256",
    ),
    (
        Charset::Standard(encoding_rs::WINDOWS_1257),
        "balticwin cp1257 ibm1257 msbalt win1257 winbaltrim windows1257",
    ),
    (
        Charset::Standard(encoding_rs::WINDOWS_1258),
        "cp1258 ibm1258 msviet win1258 windows1258",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_6),
        "88596 arabic asmo708 cp1089 cp28596 csisolatinarabic ecma114 ibm1089 iso88596 \
         iso885961987 iso88596e iso88596i isoir127",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_8),
        "88598 cp28598 cp916 csisolatinhebrew hebrew ibm916 iso88598 iso885981988 iso88598e \
         isoir138 visual",
    ),
    (
        Charset::Standard(encoding_rs::EUC_KR),
        "cp51949 cp949 cs949 euckr ibm949 ibm970 isoir149 korean ksc ksc5601 ksc56011987 \
         ksc56011989 kscode ksx1001 ms949 mskscode uhc wansung windows949 xmackorean",
    ),
    (
        Charset::Standard(encoding_rs::EUC_JP),
        "cp20932 cp51932 cseucpkdfmtjapanese euc eucjis2004 eucjisx0213 eucjp eucjpms eucjpwin \
         jisx0213 ujis",
    ),
    (
        Charset::Standard(encoding_rs::KOI8_U),
        "cp1168 cp21866 koi8ru koi8u",
    ),
    (
        Charset::Standard(encoding_rs::WINDOWS_874),
        "885911 cp28601 cp874 cp9066 dos874 ibm1162 ibm874 iso885911 isoir166 ms874 thai thtis620 \
         tis tis620 tis6200 tis6202529 tis62025290 tis62025291 tis6202533 win874 windows874",
    ),
    (
        Charset::Standard(encoding_rs::GB18030),
        "cp54936 gb18030 gb180302000 gb180302005 gb180302022 ibm1392 windows54936",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_8_I),
        "cp38598 iso88598i logical",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_5),
        "88595 cp28595 cp915 csisolatincyrillic cyrillic ibm915 iso88595 iso885951988 isocyrillic \
         isoir144",
    ),
    (
        Charset::Standard(encoding_rs::UTF_16BE),
        "cp1201 ucs2be unicodebigunmarked unicodefffe utf16be",
    ),
    (
        Charset::Standard(encoding_rs::UTF_16LE),
        "cp1200 ucs2le unicodefeff unicodelittleunmarked utf16le",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_13),
        "885913 cp28603 cp921 ibm921 iso885913 isoir179 l7 latin7",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_14),
        "885914 cp28604 iso885914 isoceltic isoir199 l8 latin8",
    ),
    (
        Charset::Standard(encoding_rs::ISO_8859_16),
        "885916 cp28606 iso885916 isoir226 l10 latin10",
    ),
    (
        Charset::Standard(encoding_rs::X_MAC_CYRILLIC),
        "cp10007 cp10017 maccyrillic macukraine macukrainian",
    ),
    (
        Charset::SingleByte(code_pages::CP437),
        "437 cp437 cspc8codepage437 dos437 ibm437",
    ),
    (Charset::SingleByte(code_pages::CP720), "cp720 dos720"),
    (Charset::SingleByte(code_pages::CP737), "cp737 dos737 ibm737"),
    (
        Charset::SingleByte(code_pages::CP775),
        "775 cp775 cspc775baltic dos775 ibm775",
    ),
    (
        Charset::SingleByte(code_pages::CP850),
        "850 cp850 cspc850multilingual dos850 ibm850",
    ),
    (
        Charset::SingleByte(code_pages::CP852),
        "852 cp852 cspcp852 dos852 ibm852",
    ),
    (Charset::SingleByte(code_pages::CP855), "855 cp855 dos855 ibm855"),
    (Charset::SingleByte(code_pages::CP857), "857 cp857 dos857 ibm857"),
    (
        Charset::SingleByte(code_pages::CP858),
        "858 ccsid00858 cp00858 cp858 ibm00858 ibm858 pcmultilingual850euro",
    ),
    (Charset::SingleByte(code_pages::CP860), "860 cp860 ibm860"),
    (Charset::SingleByte(code_pages::CP861), "861 cp861 cpis ibm861"),
    (
        Charset::SingleByte(code_pages::CP862),
        "862 cp862 cspc862latinhebrew dos862 ibm862",
    ),
    (Charset::SingleByte(code_pages::CP863), "863 cp863 ibm863"),
    (Charset::SingleByte(code_pages::CP864), "864 cp864 ibm864"),
    (Charset::SingleByte(code_pages::CP865), "865 cp865 ibm865"),
    (
        Charset::SingleByte(code_pages::CP869),
        "869 cp869 cpgr dos869 ibm869",
    ),
    (
        Charset::SingleByte(code_pages::CP1125),
        "1125 cp1125 cp866ua ibm1125 ruscii",
    ),
    (Charset::SingleByte(code_pages::KOI8_T), "koi8t"),
    (
        Charset::SingleByte(code_pages::KZ1048),
        "kz1048 rk1048 strk10482002",
    ),
    (
        Charset::SingleByte(code_pages::PTCP154),
        "cp154 cyrillicasian pt154 ptcp154",
    ),
    (
        Charset::SingleByte(code_pages::MAC_CENTRAL_EUROPE),
        "cp10029 macce maccenteuro maccentraleurope macceroman maclatin2 xmaccentraleurroman",
    ),
    (Charset::SingleByte(code_pages::MAC_GREEK), "cp10006 macgreek"),
    (Charset::SingleByte(code_pages::MAC_TURKISH), "cp10081 macturkish"),
    (
        Charset::SingleByte(code_pages::MAC_ICELAND),
        "cp10079 maciceland macicelandic",
    ),
    (
        Charset::SingleByte(code_pages::MAC_CROATIAN),
        "cp10082 maccroatian",
    ),
    (
        Charset::SingleByte(code_pages::MAC_ROMANIA),
        "cp10010 macromania macromanian",
    ),
    (
        Charset::SingleByte(code_pages::ROMAN8),
        "cp1051 hproman8 ibm1051 r8 roman8",
    ),
];
