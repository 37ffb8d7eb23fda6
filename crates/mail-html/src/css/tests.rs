use super::*;
use crate::RemoteImages;

const PASS: Pass = Pass::Settling(RemoteImages::Allowed);

fn clean(written: &str) -> Option<String> {
    attribute(written, &PASS)
}

fn sheet(written: &str) -> String {
    let mut css = String::new();
    append_sheet(written, None, &PASS, &mut css);
    css
}

#[test]
fn style_common_declarations_are_kept() {
    for (written, kept) in [
        ("color:red", "color:red"),
        (" COLOR : #FFF ; ", "color:#FFF"),
        (
            "font: bold 12px/1.5 'Segoe UI', Arial, sans-serif",
            "font:bold 12px / 1.5 'Segoe UI', Arial, sans-serif",
        ),
        ("background:rgba(0,0,0, .5)", "background:rgba(0, 0, 0, .5)"),
        ("width:calc(100% - (2px*3))", "width:calc(100% - (2px * 3))"),
        ("background:url( CID:a@b ) #fff", "background:url('CID:a@b') #fff"),
        ("font-family:/*x*/'A'/**/,b", "font-family:'A', b"),
        ("col\\6fr:r\\65 d", "color:red"),
        ("position:relative", "position:relative"),
        (
            "width:100%;max-width:600px!important",
            "width:100%;max-width:600px!important",
        ),
        ("margin:0 auto", "margin:0 auto"),
        ("margin:0 0 0 -10px", "margin:0 0 0 0"),
        ("width:33.333333333333336%", "width:33.333333333333336%"),
        (
            "background:#2a3448 url('https://t.test/h.png') no-repeat center/cover",
            "background:#2a3448 no-repeat center / cover",
        ),
        ("display:none", "display:none"),
        ("text-indent:-10px", "text-indent:-10px"),
    ] {
        assert_eq!(clean(written).as_deref(), Some(kept), "{written}");
        assert_eq!(clean(kept).as_deref(), Some(kept), "again");
    }
}

#[test]
fn style_loading_or_moving_declarations_are_removed() {
    for written in [
        "",
        "color",
        "position:fixed",
        "position:absolute;top:0",
        "margin-left:calc(0px - 100px)",
        "background:url(http://t.test)",
        "background:url('//t.test')",
        "background:u\\72l(http://t.test)",
        "background:url/**/(http://t.test)",
        "background:url(//t.test),red",
        "background:image-set('http://t.test' 1x)",
        "background:-webkit-image-set(url(x) 1x)",
        "background:cross-fade(url(x),url(y))",
        "background:element(#x)",
        "background:src('http://t.test')",
        "background:image('http://t.test')",
        "background:var(--x)",
        "background:attr(x)",
        "--x:url(http://t.test)",
        "cursor:url(http://t.test),auto",
        "content:'<'",
        "content:attr(title)",
        "position:sticky",
        "position:-webkit-sticky",
        "background:url('data:image/svg+xml;base64,AA==')",
        "background:url(cid:a),url(http://t.test)",
        "list-style-image:url(cid:a)",
        "width:calc(((((1px)))))",
        "margin:calc(1px)",
        "width:env(x)",
        "list-style:url(http://t.test)",
        "filter:url(http://t.test#f)",
        "behavior:url(x.htc)",
        "-moz-binding:url(x)",
        "width:expression(alert(1))",
        "width:999999px",
        "width:1e9px",
        "color:red}body{color:blue",
        "@import 'http://t.test'",
        "font-family:\"a;b\"",
        "font-family:'</style>'",
        "color:rgb(url(x))",
        "color:\u{ff55}rl(x)",
        "all:unset",
        "transform:scale(9)",
        "z-index:9",
        "animation:x 1s",
    ] {
        assert_eq!(clean(written), None, "{written}");
    }
    assert_eq!(
        clean("color:red;background:url(x);width:1px").as_deref(),
        Some("color:red;width:1px")
    );
    assert_eq!(clean(&"color:red;".repeat(2000)), None);
}

#[test]
fn sheet_rules_are_kept_in_normal_form() {
    for (written, kept) in [
        ("p{color:red}", "p{color:red}"),
        ("P , .a>b{ color : red ; }", "p,.a>b{color:red}"),
        ("<!-- p{color:red} -->", "p{color:red}"),
        ("@charset 'x';p{color:red}", "p{color:red}"),
        ("body,html{margin:0}", "body{margin:0}"),
        ("html body .x{margin:0}", "html body .x{margin:0}"),
        ("*{margin:0}", "*:where(body,body *){margin:0}"),
        (
            ":hover::before{color:red}",
            ":hover:where(body,body *)::before{color:red}",
        ),
        ("#a,p{color:red}", "p{color:red}"),
        ("a[href^=tel]{color:red}", "a[href^='tel']{color:red}"),
        (
            "td.a:not([class*=\"large-offset\"]){color:red}",
            "td.a:not([class*='large-offset']){color:red}",
        ),
        (":not(.a){color:red}", ":not(.a):where(body,body *){color:red}"),
        ("u + .body .b\\:c{color:red}", "u+.body .b\\:c{color:red}"),
        (
            "tr:nth-child(2n + 1){color:red}",
            "tr:nth-child(2n + 1){color:red}",
        ),
        (
            "@media only screen and (max-width:480px){.a{width:100%!important}}",
            "@media only screen and (max-width:480px){.a{width:100%!important}}",
        ),
        ("p{color:red", "p{color:red}"),
        ("}p{color:red}q{color:red}", "q{color:red}"),
        (
            "p{color:red;}}q{color:blue}s{color:red}",
            "p{color:red}s{color:red}",
        ),
    ] {
        assert_eq!(sheet(written), kept, "{written}");
        assert_eq!(sheet(kept), kept, "again");
    }
}

#[test]
fn sheet_other_rules_are_removed() {
    for written in [
        "@import 'http://t.test';",
        "@import url(http://t.test) screen;",
        "@\\69mport 'http://t.test';",
        "@font-face{font-family:f;src:url(http://t.test)}",
        "@namespace url(http://t.test);",
        "@keyframes x{from{color:red}}",
        "@page{margin:0}",
        "@property --x{syntax:'*';inherits:false;initial-value:url(http://t.test)}",
        "@supports (color:red){p{color:red}}",
        "@layer a{p{color:red}}",
        "@container (width>1px){p{color:red}}",
        "@scope(p){a{color:red}}",
        "@media (prefers-color-scheme:dark){p{color:red}}",
        "@media (width<1px){p{color:red}}",
        "@media screen\\0{p{color:red}}",
        "@media{}",
        "p{}",
        "p{@import 'http://t.test';}",
        "p{@media screen{a{color:red}}}",
        "p{&:hover{color:red}}",
        "html{color:red}",
        ":root{color:red}",
        "head,title,style,meta,link,script{display:block}",
        "#x{color:red}",
        "p::-webkit-x{color:red}",
        "p,a::-moz-x{color:red}",
        "p:has(a){color:red}",
        "p:not(#a){color:red}",
        "p:not(a,b){color:red}",
        "p:not(a b){color:red}",
        "p:not(:not(a)){color:red}",
        "p:not(){color:red}",
        "p:not(::before){color:red}",
        "p:where(body){color:red}",
        ":host{color:red}",
        "svg|a{color:red}",
        "p>{color:red}",
        ">p{color:red}",
        "p,,a{color:red}",
        ".\\3c /style>{color:red}",
        "[title='<']{color:red}",
        "p a b{background:url(http://t.test)}",
        "p{--x:url(http://t.test)}",
    ] {
        assert_eq!(sheet(written), "", "{written}");
    }
}

#[test]
fn sheet_media_attribute_limits_rules() {
    let of = |media| {
        let mut css = String::new();
        append_sheet("p{color:red}", Some(media), &PASS, &mut css);
        css
    };
    assert_eq!(of("all"), "p{color:red}");
    assert_eq!(of("print"), "@media print{p{color:red}}");
    assert_eq!(of("print){}*{color:red}@media("), "");
}
