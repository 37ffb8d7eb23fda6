//! The words themselves, by meaning and language. A `*` allows letters at that end; scripts without spaces between words,
//! or with particles joined to them, need none.

use super::keywords::Keyword;

/// Words parted by commas.
pub(super) const VOCABULARY: &[(Keyword, &str)] = &[
    // English, German, Dutch, French, Portuguese, Scandinavian, Polish, Czech, Turkish, …
    (
        Keyword::Code,
        "*code, *codes, *kod*, *koodi*, *kód*, passcode*, otp, pin, pins, tan, mtan, one-time password, one time password, \
        temporary password, passphrase, 2fa, verification number, confirmation number to verify, einmalpasswort, einmalkennwort, \
        mot de passe à usage unique, mot de passe temporaire, eenmalig wachtwoord, engangspassord",
    ),
    (
        Keyword::Code,
        "código*, codigo*, códigos, clave de un solo uso, clave dinámica, clave temporal, contraseña temporal, \
        senha temporária, senha de uso único, codice, codici, password temporanea, password monouso, hasło jednorazowe, \
        hasła jednorazowego, codul*, κωδικό*, κωδικο*, tek kullanımlık şifre, tek kullanımlık parola, doğrulama şifre*, mã xác*, mã otp, mã đăng nhập",
    ),
    (
        Keyword::Code,
        "*код, *кода, *коды, *кодом, *коду, *кодів, *кодов, одноразовый пароль, одноразовый пинкод, одноразовий пароль, пин, пароль для входа",
    ),
    (
        Keyword::Code,
        "コード, 認証番号, 確認番号, 暗証番号, ワンタイムパスワード, パスコード, 验证码, 驗證碼, 校验码, 校驗碼, 动态码, 动态密码, 確認碼, 确认码, \
        安全码, 一次性密码, 一次性密碼, 登录码, 登入碼, 代码, 代碼, 인증번호, 인증 번호, 인증코드, 코드, 일회용 비밀번호, 확인번호, 보안번호",
    ),
    (
        Keyword::Code,
        "رمز, الرمز, کد, رمز یکبار مصرف, گذرواژه موقت, رموز, كود, كلمة المرور لمرة واحدة, رقم التحقق, קוד, कोड, ओटीपी, पासकोड, रहस्य अंक, รหัส",
    ),
    (
        Keyword::CallToAction,
        "to verify, to confirm, to sign in, to log in, to login, to continue, sign in with, log in with, to finish signing, to complete, \
        um dich anzumelden, um sich anzumelden, zur bestätigung, zur anmeldung, pour vous connecter, pour confirmer, pour vérifier, \
        para iniciar sesión, para confirmar, para verificar, para entrar, per accedere, per confermare, om in te loggen, om te bevestigen, \
        aby się zalogować, aby potwierdzić, для входа, для подтверждения, чтобы войти, для входу, для підтвердження, giriş yapmak için, \
        doğrulamak için, ログイン, 登录, 登入, 로그인, لتسجيل الدخول, लॉगिन",
    ),
    // Numbers that are no codes.
    (
        Keyword::Label,
        "order*, ordernumber, invoice*, receipt*, tracking*, shipment*, parcel*, package, consignment, waybill, ticket*, case, \
        reference*, ref, ref., booking*, reservation*, itinerary, pnr, record locator, confirmation number, confirmation no, confirmation #, confirmation code for your stay, customer*, member*, \
        membership*, account number, account no, account ending, card ending, ending in, ending with, phone*, telephone*, tel, tel., call, call us, fax, mobile, whatsapp, \
        hotline, helpline, zip, zip code*, zipcode*, postal code*, postcode*, post code*, error code*, country code*, area code*, sort code*, swift code*, \
        source code*, qr code*, qr-code*, barcode*, dress code*, code of conduct, code review*, code change*, code path*, code base, code sample*, code owner*, code freeze, booking code*, reservation code*, codebase, code snippet*, code coverage, no-code, low-code, country dialing code*, \
        product code*, vat*, tax*, iban, version*, build*, release*, extension, ext, ext., suite, ste, apt, apartment, room, floor, flight, po box, p.o. box, \
        company number, company no, registration number, registered number, registered in, reg. no, licence*, license*, article*, sku, item, items, model*, serial*, copyright, since, established, \
        issue*, episode*, page*, chapter*, pull request, commit*, transaction*, payment*, bill, meter*, policy*, claim*, student*, employee*, \
        patient*, vehicle*, appointment*, meeting id, webinar id, conference id, pickup number, locker*, gate, seat*, street, st., avenue, ave, road, charged, total, amount, balance, serving, over, more than, nearly, almost, about",
    ),
    (
        Keyword::Label,
        "bestell*, auftrag*, rechnung*, sendung*, paket*, kundennummer*, kunden-nr*, kundennr*, vorgang*, aktenzeichen, plz, postleitzahl*, telefon*, tel.:, \
        rufnummer, hrb, hra, ust-id*, ust-idnr*, ust-id-nr, steuernummer, artikel*, referenz*, buchung*, *buchungscode*, *buchungs-code*, vertrag*, mitglied*, fehlercode*, strichcode*, vorwahl, zimmer, betrag, summe, gesamt, seit, \
        commande*, facture*, code de réservation, colis, suivi, réservation*, référence*, dossier*, n° client, numéro client, code postal, code barre*, siret, siren, tva, rcs, tél, tél., téléphone, montant, depuis, \
        pedido*, factura*, envío*, seguimiento, reserva*, referencia*, código postal, codigo postal, código de error, código de barras, teléfono*, número de cliente, cliente, expediente, importe, cif, nif, desde, \
        encomenda*, fatura*, nota fiscal, rastreio, rastreamento, código de rastreio, código de rastreamento, código de reserva, código de autorización, código de autorização, referência*, cep, telefone*, cnpj, protocolo*, boleto, valor",
    ),
    (
        Keyword::Label,
        "ordine*, ordini, fattura*, spedizione*, prenotazione*, riferimento*, codice postale, codice di avviamento, codice cliente, codice fiscale, codice ordine, codice prenotazione, codice di prenotazione, codice autorizzazione, codice di autorizzazione, codice di tracciamento, codice iva, \
        p.iva, p. iva, partita iva, telefono*, pratica*, importo, cap, tracciamento, bestelling*, bestelnummer*, ordernummer*, factuur*, pakket*, zending*, reservering*, kenmerk, klantnummer, trackingcode*, boekingscode*, reserveringscode*, track & trace*, \
        kvk, btw*, telefoon*, bedrag, zamówieni*, faktur*, przesyłk*, paczk*, rezerwacj*, numer klienta, kod pocztowy, kod błędu, kod kreskowy, kod rezerwacji, kod autoryzacji, nip, regon, krs, kwota, \
        sipariş*, kargo*, takip*, rezervasyon*, rezervasyon kodu, posta kodu, müşteri no*, hata kodu, barkod*, fatura*, tutar, objednávk*, zásilk*, psč, beställning*, ordrenummer, postnummer, tilaus*, postinumero, rendelés*, comandă*, comenzi*, τηλέφωνο, παραγγελία*, đơn hàng, mã đơn hàng, mã vận đơn, pesanan*, nomor pesanan",
    ),
    (
        Keyword::Label,
        "заказ*, счет*, счёт*, посылк*, трек*, отправлени*, бронировани*, брон*, договор*, индекс*, почтовый код, штрихкод*, код ошибки, телефон*, тел, тел., инн, огрн, кпп, обращени*, заявк*, билет*, сумм*, клиент*, \
        замовлен*, рахун*, відправлен*, ттн, накладн*, бронюванн*, індекс*, поштовий індекс, штрих-код*, квит*, сума, єдрпоу, звернен*",
    ),
    (
        Keyword::Label,
        "注文番号, 受注番号, ご注文, 予約番号, お問い合わせ番号, お問合せ番号, 伝票番号, 追跡番号, 会員番号, お客様番号, 郵便番号, バーコード, エラーコード, 商品コード, 郵便コード, 電話, 管理番号, 電話番号, 合計, \
        订单号, 订单编号, 訂單編號, 訂單號碼, 运单号, 快递单号, 運單, 发票, 發票, 邮编, 邮政编码, 郵遞區號, 电话, 電話, 客服, 热线, 预订, 會員, 会员号, 流水号, 错误代码, 二维码, 取件码, 股票代码, 金额, 合计, \
        주문번호, 주문 번호, 운송장, 송장번호, 예약번호, 예약 번호, 우편번호, 전화, 고객번호, 접수번호, 오류 코드, 사업자등록번호, 바코드, 합계",
    ),
    (
        Keyword::Label,
        "رقم الطلب, طلبك رقم, کد پستی, کد سفارش, کد رهگیری, سفارش, تلفن, مبلغ, الفاتورة, فاتورة, شحنة, الشحنة, تتبع, التتبع, رقم الحجز, الحجز, هاتف, الهاتف, الرمز البريدي, رمز البريد, رمز الخطأ, رمز الاستجابة, ऑर्डर, चालान, ट्रैकिंग, बुकिंग, फोन, फ़ोन, पिन कोड, पिनकोड, रसीद, बिल, הזמנה, מיקוד, טלפון",
    ),
    (
        Keyword::Promo,
        "promo*, promotion*, coupon*, voucher*, discount*, checkout, % off, gift card*, giftcard*, gift code*, referral*, save up, sale, sales, loyalty, \
        gutschein*, rabatt*, aktionscode*, bon de réduction, code avantage, remise, réduction, soldes, cupón*, cupon*, descuento*, rebajas, oferta*, cupom*, desconto*, sconto*, buono, offerta, saldi, korting*, actiecode*, aanbieding*, \
        rabat*, zniżk*, kupon*, indirim*, kampanya*, промокод*, скидк*, купон*, знижк*, акци*, クーポン, 割引, セール, 优惠*, 優惠, 折扣, 满减, 쿠폰, 할인, خصم, الخصم, कूपन, छूट, הנחה, slevov*, kedvezmény*, reducere*, έκπτωση*, giảm giá, diskon*",
    ),
    (
        Keyword::Unit,
        "minute*, min, mins, hour*, hrs, day*, week*, month*, year*, second*, sec, secs, %, percent, px, kg, km, mb, gb, tb, kb, kwh, m², people, users, customers, members, subscribers, companies, teams, developers, \
        points, pts, miles, steps, times, items, messages, reviews, ratings, followers, views, likes, readers, words, photos, files, seats, am, pm, credits, \
        minuten, stunden, tage*, wochen, monate, jahre, uhr, sekunden, punkte, prozent, menschen, kunden, heures, jours, mois, ans, points, secondes, clients, minutos, horas, días, dias, meses, años, anos, puntos, pontos, segundos, personas, pessoas, \
        minuti, ore, giorni, mesi, anni, punti, secondi, uur, dagen, weken, maanden, jaar, punten, minut*, godzin*, dni, punkt*, минут*, час*, дн*, секунд*, балл*, км, чел*, годин*, хвилин*, бал*, dakika*, saat*, gün*, puan*, saniye*, \
        分, 時間, 秒, 年, 月, 日, 号, 名, 人, 件, ポイント, 円, 元, 分钟, 分鐘, 小时, 小時, 天, 积分, 點, 분, 시간, 초, 년, 월, 일, 원, 명, 점, 포인트, دقيقة, دقائق, ساعة, يوم, نقطة, मिनट, घंटे, दिन, अंक",
    ),
    (
        Keyword::Money,
        "usd, eur, gbp, chf, inr, jpy, cny, rmb, krw, pln, czk, sek, nok, dkk, try, rub, uah, brl, mxn, aud, cad, sgd, hkd, ils, huf, ron, zł, kč, kr, kr., rs, rs., tl, руб*, ₽, грн*, ₴, ₺, ₹, €, $, £, ¥, ￥, ₩, ₫, ฿, r$, euro*, dollar*, ريال, درهم, جنيه, रुपये, रु, lei, ft, รูปี, บาท",
    ),
    (
        Keyword::Unsubscribe,
        "unsubscri*, opt out*, opt-out*, optout*, stop receiving*, no longer receive*, no longer wish to receive*, remove me*, *abmeld*, *abbestell*, keine e-mails mehr, désabonn*, désinscri*, desabonn*, se désinscrire, ne plus recevoir, \
        darse de baja, darte de baja, date de baja, cancelar suscripción, cancelar la suscripción, cancelar mi suscripción, anular suscripción, dejar de recibir, no deseas recibir, cancelar inscrição, cancelar a inscrição, cancelar assinatura da newsletter, cancelar subscrição, cancelar a subscrição, descadastr*, remover inscrição, deixar de receber, \
        annulla iscrizione, annulla l'iscrizione, disiscri*, cancella iscrizione, cancellati, cancellarti, non ricevere più, afmelden, afmeld*, uitschrijven, uitschrijf*, wypisz*, wypisać*, zrezygnuj, zrezygnować, rezygnacj*, anuluj subskrypcj*",
    ),
    (
        Keyword::Unsubscribe,
        "отпис*, отказаться от рассыл*, отказ от рассыл*, відпис*, відмовитись від розсил*, abonelikten*, aboneliği iptal*, aboneliğini iptal*, listeden çık*, avregistrer*, avprenumerer*, avmeld*, avslutt abonnement*, frameld*, peruuta tilau*, odhlásit*, odhlási*, leiratkoz*, dezabon*, διαγραφή, απεγγραφή*, \
        hủy đăng ký, berhenti berlangganan, ยกเลิกการ, 配信停止, 配信を停止, 購読解除, 購読を解除, メール配信の停止, 退会, 退订, 取消订阅, 退訂, 取消訂閱, 수신거부, 수신 거부, 구독 취소, 구독취소, إلغاء الاشتراك, إلغاء اشتراك, لغو اشتراک, لغو عضویت, सदस्यता समाप्त, अनसब्सक्राइब, सदस्यता रद्द, הסרה מרשימת, להסרה",
    ),
    (
        Keyword::Reset,
        "reset*, *password-reset*, *resetpassword*, *passwordreset*, recover*, forgot*, new password, change your password, change password, change my password, choose a password, set a password, set your password, set password, *setpassword*, create a password, create your password, *newpassword*, secure your account, \
        passwort zurück*, kennwort zurück*, passwort änder*, neues passwort, neues kennwort, zurücksetzen, passwort festlegen, passwort vergessen, réinitialis*, reinitialis*, nouveau mot de passe, mot de passe oublié, changer de mot de passe, changer le mot de passe, \
        restablec*, reestablec*, recuperar*, nueva contraseña, contraseña nueva, nueva clave, cambiar contraseña, cambiar la contraseña, cambiar mi contraseña, redefin*, nova senha, senha nova, recuper*, alterar senha, nova palavra-passe, repor a palavra-passe, repor palavra-passe, reimposta*, ripristina*, nuova password, password nuova, resettare, cambia password",
    ),
    (
        Keyword::Reset,
        "wachtwoord herstel*, wachtwoord opnieuw*, nieuw wachtwoord, wachtwoord wijzig*, zresetuj*, resetuj*, nowe hasło, ustaw hasło, zmień hasło, odzyskaj*, сброс*, восстанов*, новый пароль, изменить пароль, сменить пароль, скину*, віднов*, новий пароль, змінити пароль, \
        şifre* sıfırla*, parola* sıfırla*, sıfırla*, yeni şifre*, şifreni değiştir*, återställ*, nulstil*, tilbakestill*, nollaa*, vaihda salasana*, obnovit heslo, nové heslo, új jelszó, visszaállít*, resetea*, parolă nouă, επαναφορά*, đặt lại*, atur ulang*, setel ulang*, รีเซ็ต, ตั้งรหัสผ่านใหม่, \
        再設定, パスワードをリセット, パスワードリセット, パスワードを変更, パスワード変更, 重置, 重设, 重設, 找回密码, 修改密码, 재설정, 비밀번호 변경, إعادة تعيين, إعادة ضبط, استعادة, بازنشانی, بازیابی, گذرواژه جدید, رمز عبور جدید, रीसेट, नया पासवर्ड, איפוס, לאפס",
    ),
    (
        Keyword::Verify,
        "verify*, verif*, confirm*, activat*, validat*, authenticat*, magic*, sign in, signin, log in, login, sign-in, log-in, one-click login, accept invit*, *verifyemail*, *emailverif*, *confirmemail*, *confirmsubscription*, *verifytoken*, *magiclink*, approve sign*, approve this*, yes it was me, \
        bestätig*, verifizier*, aktivier*, freischalt*, jetzt anmelden, einloggen, anmelden, confirmer*, vérifi*, activer*, valider*, me connecter, se connecter, verificar*, verifica*, activar*, activaci*, ativaç*, ativaca*, iniciar sesión, inicia sesión, validar*, ativar*, ative, entrar na conta, fazer login, conferma*, attiva*, convalida*, accedi, \
        bevestig*, verifieer*, verifiëren, activeer*, inloggen, potwierd*, potwierdz*, zweryfikuj*, weryfik*, aktywuj*, aktywacj*, aktywow*, zaloguj*",
    ),
    (
        Keyword::Verify,
        "подтверд*, активир*, активац*, войти*, верифи*, підтверд*, активув*, увійти*, onayla*, doğrula*, aktivasyon*, etkinleştir*, giriş yap*, bekräft*, verifiera*, aktivera*, bekræft*, aktiver*, logg inn, log ind, logga in, vahvista*, aktivoi*, kirjaudu*, potvrd*, ověř*, aktivovat*, aktivac*, přihlásit*, erősít*, megerősít*, aktivál*, confirma*, verifică*, activează*, επιβεβαί*, επαλήθευ*, ενεργοποί*, xác nhận*, xác minh*, kích hoạt*, verifikasi*, konfirmasi*, aktifkan*, ยืนยัน, \
        メールアドレスを確認, メールアドレスの確認, メールアドレス確認, 本人確認, アドレスを認証, 認証, 本登録, 登録を完了, 有効化, 承認, ログイン, 验证, 驗證, 激活, 啟用, 确认邮箱, 确认您的邮箱, 確認電子, 确认订阅, 确认注册, 確認您的, 登录, 登入, 인증, 이메일 확인, 활성화, 본인 확인, 로그인, \
        تأكيد, تفعيل, التحقق, تحقق, تسجيل الدخول, تأیید, تایید, فعال‌سازی, فعالسازی, ورود به, सत्यापित, सत्यापन, पुष्टि, सक्रिय, לאמת, אימות, אישור, הפעלת",
    ),
    (
        Keyword::Purchase,
        "order*, booking*, purchase*, invoice*, receipt*, delivery, deliver*, appointment*, reservation*, shipment*, track*, attendance, rsvp, event*, trip*, itinerary, refund*, return*, bestellung*, buchung*, rechnung*, lieferung*, termin*, commande*, réservation*, livraison*, pedido*, reserva*, cita, compra*, encomenda*, ordine*, prenotazione*, bestelling*, reservering*, afspraak*, zamówieni*, rezerwacj*, заказ*, бронир*, замовл*, sipariş*, rezervasyon*, 注文, 予約, 订单, 訂單, 预订, 주문, 예약, الطلب, الحجز, ऑर्डर",
    ),
    (
        Keyword::VagueAnchor,
        "here, click here, this link, the link, link, click, continue, get started, let's go, go, open, start, next, yes, button, hier, hier klicken, klick hier, diesen link, weiter, los geht's, ici, cliquez ici, ce lien, continuer, aquí, haz clic, este enlace, continuar, aqui, clique aqui, este link, qui, clicca qui, questo link, continua, klik hier, deze link, doorgaan, tutaj, kliknij*, ten link, dalej, здесь, сюда, ссылк*, по ссылке, далее, тут, посилання*, buraya*, tıkla*, bağlantı*, devam*, här, klicka här, her, tästä, zde, ide, aici, εδώ, こちら, 点击, 這裡, 这里, 點擊, 여기, 클릭, هنا, اضغط, यहाँ, यहां, क्लिक, כאן, ที่นี่, tại đây, di sini",
    ),
    (
        Keyword::Nothing,
        "in order to, at any time, log in activity, code below, about this, about your, call it, more than one, if you did not, confirm that you did, case-sensitive, case sensitive, in case, just in case, in this case, page to, the page, on the page, this page, our page, login page, sign-in page, total of",
    ),
];
