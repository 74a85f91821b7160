"""Mail as files: one whole .eml a message."""

import uuid
from email import message_from_bytes, policy

import pytest
from django.core.mail import EmailMultiAlternatives

from aftercare.outbox.backends import EmlBackend, NotTaken
from aftercare.outbox.overtime import TookTooLong


def email(message_id):
    mail = EmailMultiAlternatives(
        "Hello", "plain", "care@example.com", ["amara@example.com"], headers={"Message-ID": message_id}
    )
    mail.attach_alternative("<p>rich</p>", "text/html")
    return mail


def test_message_becomes_a_readable_file_named_by_its_id(tmp_path):
    key = uuid.uuid4()

    taken = EmlBackend(file_path=str(tmp_path / "mail")).send_messages([email(f"<{key}@example.com>")])

    (file,) = (tmp_path / "mail").iterdir()
    read = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert taken == 1
    assert file.name.endswith(f"-{key}.eml")
    assert read["Subject"] == "Hello"
    parts = {part.get_content_type(): part.get_content().strip() for part in read.iter_parts()}
    assert parts == {"text/plain": "plain", "text/html": "<p>rich</p>"}


def test_files_sort_in_the_order_of_sending(tmp_path):
    backend = EmlBackend(file_path=str(tmp_path))
    ids = [str(uuid.uuid4()) for _ in range(5)]

    for each in ids:
        backend.send_messages([email(f"<{each}@example.com>")])

    names = sorted(file.name for file in tmp_path.iterdir())
    assert [name[-40:-4] for name in names] == ids


def test_message_without_an_id_of_ours_is_written_too(tmp_path):
    EmlBackend(file_path=str(tmp_path)).send_messages([email("<other@example.com>")])

    assert len(list(tmp_path.glob("*.eml"))) == 1


def test_folder_comes_from_the_settings(settings, tmp_path):
    settings.EMAIL_FILE_PATH = str(tmp_path)

    assert EmlBackend().folder == tmp_path


def test_file_that_cannot_be_written_is_known_not_to_be_sent_and_leaves_nothing(tmp_path):
    in_the_way = tmp_path / "mail"
    in_the_way.write_text("not a folder")

    with pytest.raises(NotTaken, match="mail: "):
        EmlBackend(file_path=str(in_the_way)).send_messages([email("<a@example.com>")])

    assert list(tmp_path.iterdir()) == [in_the_way]


def test_write_that_took_too_long_is_in_doubt(tmp_path, monkeypatch):
    def freeze(_handle):
        raise TookTooLong

    monkeypatch.setattr("aftercare.outbox.backends.os.fsync", freeze)

    with pytest.raises(TookTooLong):
        EmlBackend(file_path=str(tmp_path)).send_messages([email("<a@example.com>")])
