"""Matrices of safetensors files: right numbers, few bytes in memory, one line for each damage."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assoc import load_vectors
from tests.helpers.damage import damaged, vectors_or_one_line
from tests.helpers.extras import needs
from tests.helpers.oracles import complaint
from tests.helpers.safetensors import as_safetensors, write_safetensors

E = np.random.default_rng(0).standard_normal((40, 8))


def bfloat16(values):
    """Bits of values rounded towards zero, as numbers of 16 bits."""
    return (values.astype("<f4").view("<u4") >> 16).astype("<u2")


@pytest.mark.parametrize(
    ("dtype", "stored", "eps"),
    [
        ("F64", E.astype("<f8"), 2.0**-52),
        ("F32", E.astype("<f4"), 2.0**-23),
        ("F16", E.astype("<f2"), 2.0**-10),
        ("BF16", bfloat16(E), 2.0**-7),
    ],
)
def test_every_precision_is_widened_exactly(tmp_path, dtype, stored, eps):
    write_safetensors(tmp_path / "m.safetensors", {"wte.weight": (dtype, stored)})
    loaded = load_vectors(tmp_path / "m.safetensors")
    exact = stored.astype(np.float64)
    if dtype == "BF16":
        exact = np.array([struct.unpack(">f", struct.pack(">HH", bits, 0)) for bits in stored.flat])
        np.testing.assert_allclose(exact.reshape(E.shape), E, rtol=eps)
    np.testing.assert_array_equal(loaded.vectors, exact.reshape(E.shape))
    assert loaded.vectors.dtype == (np.float64 if dtype == "F64" else np.float32)
    assert (loaded.eps, loaded.names, loaded.notes) == (eps, None, ())


def test_what_the_package_of_that_name_writes_is_read(tmp_path):
    needs("export")
    from safetensors.numpy import save_file

    path = tmp_path / "m.safetensors"
    save_file({"a": E, "b": E.astype(np.float32)}, path, metadata={"format": "pt"})
    np.testing.assert_array_equal(load_vectors(path, "a").vectors, E)
    np.testing.assert_array_equal(load_vectors(path, "b").vectors, E.astype(np.float32))


def test_a_tensor_by_its_name_or_the_one_matrix(tmp_path):
    path = tmp_path / "m.safetensors"
    bias = ("F32", np.ones(8, "<f4"))
    write_safetensors(path, {"bias": bias, "h.wte.weight": ("F64", E), "other": ("F64", E[:3])})
    loaded = load_vectors(path, "h.wte.weight", limit=7)
    np.testing.assert_array_equal(loaded.vectors, E[:7])
    assert loaded.source == "m.safetensors:h.wte.weight"
    assert complaint(load_vectors, path) == (
        f"{path}: which matrix? FILE:NAME names one of h.wte.weight (40, 8), other (3, 8)"
    )
    said = complaint(load_vectors, path, "wte.weight")
    assert said == f"{path}: no tensor 'wte.weight'; did you mean 'h.wte.weight'?"
    assert "a matrix (n, d) is needed, not one of shape (8,)" in complaint(
        load_vectors, path, "bias"
    )
    write_safetensors(path, {"bias": bias, "w": ("F64", E)})
    assert load_vectors(path).vectors.shape == E.shape
    write_safetensors(path, {"bias": bias})
    assert complaint(load_vectors, path) == f"{path}: no matrix of floats; found bias"
    write_safetensors(path, {f"w{k}": ("F64", E) for k in range(20)})
    assert complaint(load_vectors, path).endswith("and 12 more")


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2", "I8", "U16", "BOOL", 7])
def test_other_types_of_numbers_are_refused(tmp_path, dtype):
    path = tmp_path / "m.safetensors"
    write_safetensors(path, {"w": (dtype, np.ones((4, 4), "u1"))})
    assert complaint(load_vectors, path, "w") == (
        f"{path}: tensor 'w': numbers of type {dtype} are not read; cast them to bfloat16 or wider"
    )


def test_values_that_are_not_finite_are_named(tmp_path):
    path = tmp_path / "m.safetensors"
    bad = bfloat16(E)
    bad[3, 2] = 0x7F80
    write_safetensors(path, {"w": ("BF16", bad)})
    assert complaint(load_vectors, path, "w") == (
        f"{path}: 'w': row 3 has a value that is not finite"
    )


def test_a_model_in_several_files(tmp_path):
    write_safetensors(tmp_path / "model-1.safetensors", {"wte": ("F64", E)})
    index = tmp_path / "model.safetensors.index.json"
    shards = {"wte": "model-1.safetensors", "wpe": "model-2.safetensors", "w": "../secret"}
    index.write_text(json.dumps({"metadata": {}, "weight_map": shards}))
    np.testing.assert_array_equal(load_vectors(index, "wte").vectors, E)
    assert "which matrix? FILE:NAME names one of wte, wpe, w" in complaint(load_vectors, index)
    assert "no tensor 'wtf'; did you mean 'wte'?" in complaint(load_vectors, index, "wtf")
    for name in ("wpe", "w"):
        assert "which is not beside it" in complaint(load_vectors, index, name)
    index.write_text("{")
    assert "not an index of safetensors files" in complaint(load_vectors, index, "wte")


# --- damage -------------------------------------------------------------------------------------


def write_header(path: Path, header: object, data: bytes = bytes(128)) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"data_offsets": [0, 64]}, "64 bytes cannot hold (4, 4) numbers of 8 bytes"),
        ({"data_offsets": [128, 256]}, "truncated: it ends at byte 256 of the tensors, of which"),
        ({"data_offsets": [-128, 0]}, "its description in the header is damaged"),
        ({"data_offsets": [0]}, "its description in the header is damaged"),
        ({"data_offsets": None}, "its description in the header is damaged"),
        ({"shape": [4, "4"]}, "its description in the header is damaged"),
        ({"shape": [True, 16]}, "its description in the header is damaged"),
        ({"shape": 16}, "its description in the header is damaged"),
        ({"shape": [2, 2, 4]}, "a matrix (n, d) is needed, not one of shape (2, 2, 4)"),
        ({"shape": [10**30, 4]}, "bytes cannot hold"),
        ({"dtype": "F65"}, "numbers of type F65 are not read"),
    ],
)
def test_a_description_that_cannot_be(tmp_path, entry, said):
    whole = {"dtype": "F64", "shape": [4, 4], "data_offsets": [0, 128]}
    path = write_header(tmp_path / "m.safetensors", {"w": {**whole, **entry}})
    assert said in complaint(load_vectors, path, "w")
    del whole[next(iter(entry))]
    path = write_header(tmp_path / "m.safetensors", {"w": whole})
    assert "its description in the header is damaged" in complaint(load_vectors, path, "w")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "promise a header of"),
        (struct.pack("<Q", 10**9) + b"{}", "promise a header of 1000000000"),
        (struct.pack("<Q", 0), "promise a header of 0"),
        (struct.pack("<Q", 4) + b"{]]]", "its safetensors header is damaged (no JSON object)"),
        (struct.pack("<Q", 4) + b"[[]]", "its safetensors header is damaged (no JSON object)"),
        (struct.pack("<Q", 2) + b"{}", "no matrix of floats; found none"),
        (struct.pack("<Q", 8) + b'{"a": 1}', "no matrix of floats; found a"),
    ],
)
def test_a_header_that_is_none(tmp_path, content, said):
    (tmp_path / "m.safetensors").write_bytes(content)
    assert said in complaint(load_vectors, tmp_path / "m.safetensors")


def test_a_description_that_claims_more_than_any_memory_holds(tmp_path):
    """A sparse file of a terabyte, as if downloaded in part."""
    rows = 2**30
    entry = {"dtype": "BF16", "shape": [rows, 512], "data_offsets": [0, rows * 1024]}
    path = write_header(tmp_path / "m.safetensors", {"w": entry})
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + rows * 1024)
    said = complaint(load_vectors, path)
    assert "tensor 'w': 1073741824 rows take 2.2e+03 GB" in said
    assert "--limit reads the first so many" in said


SMALL = {"w": ("F32", E[:4].astype("<f4")), "b": ("F16", np.ones(4, "<f2"))}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged(st.just(as_safetensors(SMALL))))
def test_any_damage_gives_vectors_or_one_line(tmp_path, content):
    """Never a traceback of another kind."""
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    vectors_or_one_line(path)


# --- size ---------------------------------------------------------------------------------------

GIGABYTE = 2**30
READ = """
import re, resource, sys
from pathlib import Path
from assoc import load_vectors
for name, limit in (("wte", None), ("lm_head", 1000)):
    loaded = load_vectors(sys.argv[1], name, limit=limit)
    print(loaded.vectors.shape, float(loaded.vectors[-1, 0]))
status = Path("/proc/self/status")
if status.exists():
    # What getrusage says on Linux begins with the peak of the process that started this one.
    print(1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read_text())[1]))
else:
    unit = 1 if sys.platform == "darwin" else 1024
    print(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
"""Reads a whole matrix, and the first rows of another; prints the peak of its memory in bytes."""


def test_two_gigabytes_are_read_by_slices(tmp_path):
    """Whole, the file would take 2 GB; a matrix of 80 MB of it and 1,000 rows of another do not."""
    n, d = 50_000, 800
    wide = (2 * GIGABYTE) // (2 * d)
    header = json.dumps(
        {
            "lm_head": {"dtype": "BF16", "shape": [wide, d], "data_offsets": [0, 2 * wide * d]},
            "wte": {
                "dtype": "BF16",
                "shape": [n, d],
                "data_offsets": [2 * wide * d, 2 * (wide + n) * d],
            },
        }
    ).encode()
    path = tmp_path / "model.safetensors"
    ones = np.array([0x3F80], "<u2").tobytes()  # 1.0 in bfloat16
    begin = 8 + len(header)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        # The file is sparse: only these are written.
        for row in (999, wide + n - 1):
            file.seek(begin + 2 * row * d)
            file.write(ones)
        file.truncate(begin + 2 * (wide + n) * d)
    assert path.stat().st_size > 2 * GIGABYTE
    root = Path(__file__).parents[3]
    ran = subprocess.run(
        [sys.executable, "-c", READ, str(path)], cwd=root, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    *read, peak = ran.stdout.splitlines()
    assert read == ["(50000, 800) 1.0", "(1000, 800) 1.0"]
    assert int(peak) <= 500 * 10**6
