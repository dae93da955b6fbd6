from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.errors import ConfigurationError, DataError
from gateway.storage.vault import Vault, create_key_file, load_master_key, master_key_of

KEY = bytes(range(32))


def test_what_is_sealed_opens_again(vault):
    key = vault.new_order_key()
    sealed = vault.seal(key, b"plain text", "order_raw\ns\n1")
    assert b"plain" not in sealed
    assert vault.open(key, sealed, "order_raw\ns\n1") == b"plain text"
    assert vault.unwrap(vault.wrap(key, "k"), "k") == key


def test_the_same_twice_looks_different(vault):
    key = vault.new_order_key()
    assert vault.seal(key, b"x", "a") != vault.seal(key, b"x", "a")
    assert vault.new_order_key() != key


def test_what_is_sealed_alike_is_named_by_its_content(vault):
    key, other = vault.new_order_key(), vault.new_order_key()
    sealed = vault.seal_alike(key, b"plain text", "a")
    assert vault.seal_alike(key, b"plain text", "a") == sealed
    assert vault.open(key, sealed, "a") == b"plain text"
    assert b"plain" not in sealed
    different = [
        vault.seal_alike(key, b"plain text", "b"),
        vault.seal_alike(other, b"plain text", "a"),
        vault.seal_alike(key, b"plain texts", "a"),
        vault.seal_alike(key, b"\nplain text", "a"),
        vault.seal_alike(key, b"plain text", "a\n"),
    ]
    assert len({each[:12] for each in (sealed, *different)}) == 6, "no nonce serves two contents"
    with pytest.raises(DataError):
        vault.open(key, sealed, "b")


def test_a_sealed_value_in_another_row_does_not_open(vault):
    key = vault.new_order_key()
    sealed = vault.seal(key, b"plain", "order_raw\ns\n1")
    with pytest.raises(DataError, match="altered"):
        vault.open(key, sealed, "order_raw\ns\n2")
    with pytest.raises(DataError):
        vault.open(vault.new_order_key(), sealed, "order_raw\ns\n1")


@pytest.mark.parametrize("position", [0, 11, 12, -17, -1])
def test_an_altered_byte_is_noticed(vault, position):
    key = vault.new_order_key()
    sealed = bytearray(vault.seal(key, b"plain text", "a"))
    sealed[position] ^= 1
    with pytest.raises(DataError):
        vault.open(key, bytes(sealed), "a")


def test_a_cut_value_is_noticed(vault):
    key = vault.new_order_key()
    with pytest.raises(DataError):
        vault.open(key, b"short", "a")
    with pytest.raises(ConfigurationError):
        vault.unwrap(b"", "a")


def test_another_master_key_says_so():
    wrapped = Vault(KEY).wrap(b"secret", "apps\nshopee")
    with pytest.raises(ConfigurationError, match="not the key this database was sealed with"):
        Vault(bytes(32)).unwrap(wrapped, "apps\nshopee")


def test_no_nonce_and_no_key_is_ever_used_twice():
    vault = Vault(KEY)

    def nonces() -> set[bytes]:
        return {vault.wrap(b"x", "about")[:12] for _ in range(2000)}

    with ThreadPoolExecutor(3) as threads:
        drawn = [*threads.map(lambda _: nonces(), range(3)), nonces()]
    assert len(set().union(*drawn)) == 4 * 2000
    assert len({vault.new_order_key() for _ in range(2000)}) == 2000


def test_a_forked_process_draws_its_own_randomness():
    vault = Vault(KEY)
    vault.new_order_key()  # some of what was drawn is left for later
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, vault.new_order_key())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 32) != vault.new_order_key()
    os.close(reading)
    os.close(writing)


def test_no_key_in_the_representation():
    assert KEY.hex() not in repr(Vault(KEY))
    assert "bytes" not in repr(Vault(KEY))


def test_a_key_file_is_made_once_and_for_this_user_only(tmp_path):
    path = tmp_path / "master.key"
    key = create_key_file(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_master_key(path) == key
    with pytest.raises(ConfigurationError, match="already a key file"):
        create_key_file(path)
    assert load_master_key(path) == key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_file_open_to_others_is_refused(tmp_path, mode):
    path = tmp_path / "master.key"
    create_key_file(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"chmod 600 {path}"):
        load_master_key(path)


@pytest.mark.parametrize(
    "content", [b"", b"short", base64.b64encode(bytes(31)), b"\xff" * 44, base64.b64encode(bytes(33))]
)
def test_a_malformed_key_is_refused_without_showing_it(tmp_path, content):
    path = tmp_path / "master.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="32 bytes in base64") as caught:
        load_master_key(path)
    assert not content or content.decode(errors="replace") not in str(caught.value)


def test_the_environment_goes_before_the_file(tmp_path):
    path = tmp_path / "master.key"
    create_key_file(path)
    assert master_key_of({"ORDER_GATEWAY_KEY": base64.b64encode(KEY).decode()}, path) == KEY
    assert master_key_of({}, path) == load_master_key(path)
    with pytest.raises(ConfigurationError, match="ORDER_GATEWAY_KEY"):
        master_key_of({"ORDER_GATEWAY_KEY": "nonsense"}, path)
    with pytest.raises(ConfigurationError, match="gateway init"):
        master_key_of({}, tmp_path / "none")


def test_a_key_of_another_length_is_refused():
    with pytest.raises(ConfigurationError, match="16 bytes"):
        Vault(bytes(16))
