"""The table of faults once more, raised by the real libraries at real servers: a guard against new ones."""

import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from anymail.backends.amazon_ses import EmailBackend as SesBackend
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.mail import EmailMessage, get_connection

from aftercare.outbox.deciding import (
    ChannelRefused,
    NotSent,
    Refused,
    Unknown,
    decide,
    decide_opening,
)
from aftercare.outbox.providers import ResendBackend
from aftercare.outbox.smtp import SmtpBackend
from tests.services.dialects import Answer
from tests.services.processes import free_port

NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
HERE, CHANNEL = NotSent(), NotSent(whole_channel=True)
ACCOUNT, SENDER = ChannelRefused(), ChannelRefused(sender_only=True)


def email():
    return EmailMessage("Hello", "Hello", "care@clinic.example.com", ["amara@example.com"])


def decided(backend, provider=""):
    """What is decided of the exception that sending one message raises; None when it raises none."""
    try:
        backend.open()
    except Exception as error:  # noqa: BLE001
        return decide_opening(error)
    try:
        backend.send_messages([email()])
    except Exception as error:  # noqa: BLE001
        return decide(error, provider=provider, now=NOW)
    finally:
        backend.close()
    return None


class Scripted(socketserver.ThreadingTCPServer):
    """Replies to a line by its first word: at first to "", after DATA's text to "."; None cuts the line."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, replies, context=None):
        super().__init__(("127.0.0.1", 0), Talk)
        self.context = context
        self.replies = {"": "220 here", "EHLO": "250-here\r\n250 AUTH PLAIN", "QUIT": "221 bye"}
        self.replies |= (
            dict.fromkeys(("MAIL", "RCPT", "RSET", "."), "250 ok") | {"DATA": "354 go on"} | replies
        )
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def finish_request(self, request, client_address):
        if self.context is None:
            super().finish_request(request, client_address)
        else:
            with self.context.wrap_socket(request, server_side=True) as wrapped:
                super().finish_request(wrapped, client_address)

    def handle_error(self, request, client_address):
        pass  # a client that refuses our certificate


class Talk(socketserver.StreamRequestHandler):
    def handle(self):
        word, in_text = "", False
        while self.reply(word):
            if not (line := self.rfile.readline().decode().strip()):
                return
            word = line.split()[0].upper()
            if in_text := (word == "DATA" or (in_text and word != ".")):
                word = self.read_text(word)

    def read_text(self, word):
        """After DATA was answered with 354, the text is one word: its last line."""
        if self.server.replies[word].startswith("354") and self.reply(word):
            while self.rfile.readline() not in {b".\r\n", b""}:
                pass
            return "."
        return word

    def reply(self, word):
        reply = self.server.replies.get(word, "502 what")
        if reply:
            self.wfile.write(f"{reply}\r\n".encode())
        return reply is not None


@pytest.fixture
def script():
    servers = []

    def start(replies, context=None):
        servers.append(Scripted(replies, context))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("replies", "decision"),
    [
        ({}, None),
        ({"": "421 busy"}, CHANNEL),
        ({"": "554 go away"}, CHANNEL),
        ({"": None}, CHANNEL),
        ({"AUTH": "535 5.7.8 wrong password"}, ACCOUNT),
        ({"AUTH": "454 4.7.0 later"}, CHANNEL),
        ({"MAIL": "530 5.7.0 log in first"}, ACCOUNT),
        ({"MAIL": "553 5.7.1 not your address"}, SENDER),
        ({"MAIL": "550 5.7.1 not from this domain"}, SENDER),
        ({"MAIL": "501 5.1.7 what"}, SENDER),
        ({"MAIL": "550 5.4.5 Daily user sending limit exceeded"}, ACCOUNT),
        ({"MAIL": "552 5.3.4 too large"}, Refused()),
        ({"MAIL": "451 4.3.0 later"}, HERE),
        ({"MAIL": "421 4.3.2 closing"}, CHANNEL),
        ({"MAIL": None}, HERE),
        ({"RCPT": "550 5.1.1 nobody here"}, Refused()),
        ({"RCPT": "450 4.2.0 greylisted"}, HERE),
        ({"RCPT": "552 5.2.2 mailbox full"}, Refused()),
        ({"RCPT": "553 5.7.1 <care@clinic.example.com>: Sender address rejected: not owned by user"}, SENDER),
        ({"RCPT": "554 5.7.1 <amara@example.com>: Relay access denied"}, ACCOUNT),
        ({"RCPT": "554 5.7.1 <unknown[127.0.0.1]>: Client host rejected: Access denied"}, ACCOUNT),
        ({"RCPT": None}, HERE),
        ({"DATA": "554 5.7.1 no"}, Refused()),
        ({"DATA": "451 4.3.0 later"}, HERE),
        ({"DATA": None}, HERE),
        ({".": "550 5.7.1 spam"}, Refused()),
        ({".": "550 5.7.60 Client does not have permissions to send as this sender"}, SENDER),
        ({".": "554 Message rejected: Email address is not verified."}, SENDER),
        ({".": "552 5.3.4 too large"}, Refused()),
        ({".": "451 4.3.0 later"}, HERE),
        ({".": "421 4.3.2 closing"}, CHANNEL),
        ({".": "hm"}, Unknown()),
        ({".": None}, Unknown()),
    ],
)
def test_smtp_server_that_says(script, replies, decision):
    replies = {"AUTH": "235 welcome"} | replies
    login = {"username": "u", "password": "p"}
    backend = SmtpBackend(host="127.0.0.1", port=script(replies).port, timeout=2, use_tls=False, **login)

    assert decided(backend) == decision


@pytest.mark.parametrize(("stage", "decision"), [("mail", HERE), ("rcpt", HERE), ("data", Unknown())])
def test_smtp_server_that_says_nothing_at(mailbox, stage, decision):
    mailbox.misbehave(stage, "hang")

    assert decided(SmtpBackend(host="127.0.0.1", port=mailbox.port, timeout=1)) == decision
    assert len(mailbox.messages) == (1 if stage == "data" else 0)


def certificate(folder):
    """A certificate that nobody vouches for."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    signed = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = signed.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    alone = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = signed.add_extension(alone, critical=True).sign(key, hashes.SHA256())
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = serialization.Encoding.PEM
    (folder / "pem").write_bytes(key.private_bytes(pem, *plain) + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pem")
    return context


def resend(url):
    return ResendBackend(api_key="k", api_url=url, timeout=(2, 2))


def ses(url):
    params = {"endpoint_url": url, "region_name": "eu-west-1", "aws_access_key_id": "k"}
    config = {"retries": {"total_max_attempts": 1}, "connect_timeout": 2, "read_timeout": 2}
    return SesBackend(client_params={**params, "aws_secret_access_key": "s", "config": config})


@pytest.mark.parametrize("backend", [resend, ses])
def test_service_whose_certificate_nobody_vouches_for_gets_nothing(script, tmp_path, backend):
    server = script({}, certificate(tmp_path))

    assert decided(backend(f"https://localhost:{server.port}/")) == CHANNEL


@pytest.mark.parametrize("backend", [resend, ses])
def test_service_that_speaks_no_tls_leaves_it_open(script, backend):
    assert decided(backend(f"https://127.0.0.1:{script({}).port}/")) == Unknown()


@pytest.mark.parametrize("backend", [resend, ses])
@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/", "http://nowhere.invalid:{port}/"])
def test_service_that_cannot_be_reached_gets_nothing(backend, address):
    assert decided(backend(address.format(port=free_port()))) == CHANNEL


def test_proxy_that_cannot_be_reached_gets_nothing(monkeypatch):
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")

    assert decided(resend("https://provider.example.com/")) == CHANNEL


def test_proxy_that_lets_nobody_through_passes_nothing_on(monkeypatch, script):
    answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n"
    server = script({"": "", "CONNECT": answer})
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.port}")

    assert decided(resend("https://provider.example.com/")) == CHANNEL


def test_address_that_is_none_concerns_the_set_up():
    assert decided(resend("nonsense/")) == ACCOUNT


@pytest.mark.parametrize(
    ("trouble", "decision"),
    [
        ("drop", Unknown()),
        ("cut", Unknown()),
        ("hang", Unknown()),
        ("half", Unknown()),
        (Answer(500, taken=True), Unknown()),
        (Answer(503), CHANNEL),
        (Answer(429, headers={"Retry-After": "7"}), NotSent(7.0, whole_channel=True)),
        (Answer(400, headers={"X-Amzn-Errortype": "MailFromDomainNotVerifiedException"}), SENDER),
        (Answer(400, headers={"X-Amzn-Errortype": "SendingPausedException"}), ACCOUNT),
        (Answer(400, headers={"X-Amzn-Errortype": "BadRequestException"}), Refused()),
        (Answer(400, '{"message": "virus"}', {"X-Amzn-Errortype": "MessageRejected"}), Refused()),
        (
            Answer(
                400, '{"message": "Email address is not verified."}', {"X-Amzn-Errortype": "MessageRejected"}
            ),
            SENDER,
        ),
        (Answer(403, headers={"X-Amzn-Errortype": "SignatureDoesNotMatch"}), ACCOUNT),
    ],
)
def test_ses_that_misbehaves_is_called_once(serve, trouble, decision):
    server = serve("amazon_ses")
    server.misbehave(trouble)

    assert decided(get_connection(), "Amazon SES") == decision
    assert server.calls == 1


def test_ses_takes_a_message(serve):
    server = serve("amazon_ses")

    assert decided(get_connection(), "Amazon SES") is None
    assert len(server.accepted) == 1


def test_ses_without_a_log_in_concerns_the_set_up(serve, monkeypatch):
    serve("amazon_ses")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert decided(get_connection(), "Amazon SES") == ACCOUNT


def test_ses_without_a_region_concerns_the_set_up(serve, monkeypatch):
    serve("amazon_ses")
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert decided(get_connection(), "Amazon SES") == ACCOUNT
