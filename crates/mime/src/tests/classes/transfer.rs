use super::check;

#[test]
fn quoted_printable_bad_escape_is_kept() {
    check(&[
        (b"Content-Transfer-Encoding: quoted-printable\n\n1+1=2, =C3=A4 and 100=% =\nsure", &[("text", "1+1=2, \u{e4} and 100=% sure")]),
        (b"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<a href=\"https://a.test/?x=3D1&y=zz\">=E2=82=AC</a>", &[("html", "<a href=\"https://a.test/?x=1&y=zz\">\u{20ac}</a>")]),
        (b"Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<td align=right width=x50%>=41=\n=42</td>", &[("html", "<td align=right width=x50%>AB</td>")]),
        (b"Content-Transfer-Encoding: Quoted-Printable\n\na=\t \nb =e4=\nnd==3D", &[("text", "ab \u{e4}nd==")]),
        (b"Content-Transfer-Encoding: quoted-printable\n\ncode 482=\n913 =", &[("text", "code 482913 ")]),
        (b"Content-Transfer-Encoding: quoted-printable\n\ntrail=20\nadded  \t\nend", &[("text", "trail \nadded\nend")]),
        (b"Content-Transfer-Encoding: quoted-printable\n\nno escapes  \nat all", &[("text", "no escapes\nat all")]),
        (b"Content-Transfer-Encoding: quoted-printable\n\nFoo =\n\nBar", &[("text", "Foo \nBar")]),
        (b"Content-Transfer-Encoding: \"quoted-printable\"\n\n=e2=82=AC=G1 =1", &[("text", "\u{20ac}=G1 =1")]),
        (b"Content-Type: text/csv; name=x.csv\nContent-Disposition: attachment\nContent-Transfer-Encoding: quoted-printable\n\na=3Db;=FF=\nc=!", &[("sizes", "8")]),
        (b"Subject: =?utf-8?Q?50=_off=2C_=C3=A4=zz=4?=\n\nx", &[("subject", "50= off, \u{e4}=zz=4")]),
        (b"Subject: =?iso-8859-1?q?=E4=e4==41?=\n\nx", &[("subject", "\u{e4}\u{e4}=A")]),
    ]);
}

#[test]
fn base64_body_is_decoded_leniently() {
    check(&[
        (b"Content-Transfer-Encoding: base64\n\nWW91ciBjb2RlOiA0ODI5MTM", &[("text", "Your code: 482913")]),
        (b"Content-Transfer-Encoding: base64\n\nWW9 1ciB\n jb2R\nlOiA\n0ODI5MTM=\n", &[("text", "Your code: 482913")]),
        (b"Content-Transfer-Encoding: base64\n\nWW91cg==\nIGNvZGU=\n", &[("text", "Your code")]),
        (b"Content-Transfer-Encoding: base64\n\nWW91cg==\n\n-- \nTo leave the list: https://list.example/leave\n", &[("text", "Your")]),
        (b"Content-Transfer-Encoding: base64\n\n*WW91*cg=*=\n", &[("text", "Your")]),
        (b"Content-Transfer-Encoding: base64\n\n=\n", &[("text", "")]),
        (b"Content-Transfer-Encoding: (a) (b) base64 (c)\n\nWW91cg==\n", &[("text", "Your")]),
        (b"Content-Transfer-Encoding: base64;\n\nWW91cg=\n", &[("text", "Your")]),
        (b"Content-Transfer-Encoding: x-unknown\n\nWW91cg==\n", &[("text", "WW91cg==")]),
    ]);
}

#[test]
fn format_flowed_lines_are_joined() {
    check(&[
        (b"Content-Type: text/plain; format=flowed\n\nYour code \nis 482913.\nBye\n", &[("text", "Your code is 482913.\nBye")]),
        (b"Content-Type: text/plain; format=flowed; delsp=yes\n\nhttps://shop.example/ \nverify?t=1\n", &[("text", "https://shop.example/verify?t=1")]),
        (b"Content-Type: text/plain; charset=utf-8; format=Flowed; DelSp=Yes\n\n\xe6\xb3\xa8 \n\xe5\x86\x8c\n", &[("text", "\u{6ce8}\u{518c}")]),
        (b"Content-Type: text/plain; format=flowed\n\n> quoted \n> more\n>> deeper \n> less\n", &[("text", "> quoted more\n>> deeper \n> less")]),
        (b"Content-Type: text/plain; format=flowed\n\nend \n-- \nAnn\n", &[("text", "end \n-- \nAnn")]),
        (b"Content-Type: text/plain; format=flowed\n\n From here \n  indented\n", &[("text", "From here  indented")]),
        (b"Content-Type: text/plain; format=fixed; delsp=yes\n\na \nb\n", &[("text", "a \nb")]),
        (b"Content-Type: text/plain; format=flowed\nContent-Transfer-Encoding: quoted-printable\n\nsoft=20\nbreak hard\nx\n", &[("text", "soft break hard\nx")]),
        (b"Content-Type: text/html; format=flowed\n\n<p> \na</p>\n", &[("html", "<p> \na</p>")]),
    ]);
}
