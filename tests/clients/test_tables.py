"""Parquet in the bucket: PyArrow, Polars and DuckDB write it and read back the ranges that they need."""

from collections.abc import Callable
from importlib import resources

import duckdb
import duckdb_extension_httpfs
import polars
import pyarrow
import pyarrow.compute
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pytest

from harness.content import MIB
from harness.server import Server
from harness.wire import REGION

ROWS = 200_000


def table(rows: int = ROWS) -> pyarrow.Table:
    """Columns of several types, with numbers that do not compress, so that a file of all rows is a few MiB."""
    numbers = range(rows)
    return pyarrow.table({
        "id": pyarrow.array(numbers, pyarrow.int64()),
        "noise": pyarrow.array([(n * 2_654_435_761) % 2**32 / 7 for n in numbers], pyarrow.float64()),
        "name": pyarrow.array([f"row {n % 1000}" for n in numbers]),
    })


@pytest.fixture(scope="module")
def rows() -> pyarrow.Table:
    return table()


@pytest.fixture
def arrow(server: Server) -> pyarrow.fs.S3FileSystem:
    return pyarrow.fs.S3FileSystem(
        access_key=server.credentials.access, secret_key=server.credentials.secret, region=REGION,
        endpoint_override=server.address, scheme="http", allow_bucket_creation=True, allow_bucket_deletion=True)


@pytest.fixture
def lazily(server: Server) -> dict[str, str]:
    """Polars' options for the store."""
    return {"aws_endpoint_url": server.endpoint, "aws_access_key_id": server.credentials.access,
            "aws_secret_access_key": server.credentials.secret, "aws_region": REGION, "aws_allow_http": "true"}


@pytest.fixture
def duck(server: Server) -> duckdb.DuckDBPyConnection:
    """DuckDB with its HTTP extension, which is installed as a package: nothing is downloaded here."""
    connection = duckdb.connect()
    file = resources.files(duckdb_extension_httpfs) / f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"
    connection.load_extension(str(file))
    connection.execute(
        "CREATE SECRET store (TYPE s3, KEY_ID $key, SECRET $secret, REGION $region, ENDPOINT $endpoint, "
        "URL_STYLE 'path', USE_SSL false)",
        {"key": server.credentials.access, "secret": server.credentials.secret, "region": REGION,
         "endpoint": server.address})
    return connection


def test_arrow_writes_and_reads_parquet(arrow, bucket, rows):
    pyarrow.parquet.write_table(rows, f"{bucket}/t/whole.parquet", filesystem=arrow, row_group_size=20_000)
    pyarrow.parquet.write_table(rows.slice(0, 10), f"{bucket}/t/small.parquet", filesystem=arrow)
    assert pyarrow.parquet.read_table(f"{bucket}/t/whole.parquet", filesystem=arrow).equals(rows)
    assert pyarrow.parquet.read_table(f"{bucket}/t/small.parquet", filesystem=arrow).equals(rows.slice(0, 10))
    names = pyarrow.parquet.read_table(f"{bucket}/t/whole.parquet", filesystem=arrow, columns=["name"],
                                       filters=[("id", ">=", ROWS - 3)])
    assert names.to_pydict() == {"name": ["row 997", "row 998", "row 999"]}
    info = arrow.get_file_info(f"{bucket}/t/whole.parquet")
    assert info.is_file and info.size > MIB


def test_arrow_writes_and_reads_a_partitioned_dataset(arrow, bucket, rows):
    parts = rows.slice(0, 3000).append_column(
        "bin", pyarrow.array([n % 3 for n in range(3000)], pyarrow.int32()))
    pyarrow.dataset.write_dataset(parts, f"{bucket}/set", filesystem=arrow, format="parquet",
                                  partitioning=["bin"], partitioning_flavor="hive")
    again = pyarrow.dataset.dataset(f"{bucket}/set", filesystem=arrow, partitioning="hive")
    assert len(again.files) == 3 and again.count_rows() == 3000
    assert again.to_table(filter=pyarrow.compute.field("bin") == 1).num_rows == 1000


def test_arrow_as_a_file_system(arrow, bucket):
    arrow.create_dir(f"{bucket}/dir/below", recursive=True)
    with arrow.open_output_stream(f"{bucket}/dir/below/k", metadata={"Content-Type": "text/plain"}) as stream:
        stream.write(b"0123456789")
    with arrow.open_input_file(f"{bucket}/dir/below/k") as file:
        file.seek(3)
        assert (file.read(4), file.size()) == (b"3456", 10)
    arrow.copy_file(f"{bucket}/dir/below/k", f"{bucket}/dir/copy")
    arrow.move(f"{bucket}/dir/copy", f"{bucket}/moved")
    found = {info.path: info.type for info in arrow.get_file_info(pyarrow.fs.FileSelector(bucket, recursive=True))}
    directory, file = pyarrow.fs.FileType.Directory, pyarrow.fs.FileType.File
    assert found == {f"{bucket}/dir": directory, f"{bucket}/dir/below": directory, f"{bucket}/dir/below/k": file,
                     f"{bucket}/moved": file}
    arrow.delete_dir(f"{bucket}/dir")
    assert arrow.get_file_info(f"{bucket}/dir").type == pyarrow.fs.FileType.NotFound
    arrow.delete_dir_contents(bucket)
    arrow.delete_dir(bucket)


def test_polars_writes_scans_and_reads(lazily, bucket, rows):
    frame = polars.from_arrow(rows)
    for key, part in (("whole", frame), ("small", frame.head(5))):
        part.write_parquet(f"s3://{bucket}/t/{key}.parquet", storage_options=lazily)
        assert polars.read_parquet(f"s3://{bucket}/t/{key}.parquet", storage_options=lazily).equals(part)
    few = (polars.scan_parquet(f"s3://{bucket}/t/whole.parquet", storage_options=lazily)
           .filter(polars.col("id") > ROWS - 3).select("id", "name").collect())
    assert few.rows() == [(ROWS - 2, "row 998"), (ROWS - 1, "row 999")]
    both = polars.scan_parquet(f"s3://{bucket}/t/*.parquet", storage_options=lazily)
    assert both.select(polars.len()).collect().item() == ROWS + 5
    frame.head(100).lazy().sink_csv(f"s3://{bucket}/t.csv", storage_options=lazily)
    assert polars.scan_csv(f"s3://{bucket}/t.csv", storage_options=lazily).collect().equals(frame.head(100))


def test_duckdb_copies_globs_and_reads_ranges(duck, bucket, rows):
    duck.register("rows", rows)
    duck.execute(f"COPY rows TO 's3://{bucket}/t/whole.parquet' (ROW_GROUP_SIZE 20000)")
    duck.execute(f"COPY (SELECT * FROM rows LIMIT 5) TO 's3://{bucket}/t/small.parquet'")
    read = lambda query: duck.execute(query).fetchall()  # noqa: E731
    whole = f"'s3://{bucket}/t/whole.parquet'"
    assert read(f"SELECT count(*), sum(id), min(name) FROM {whole}") == [(ROWS, ROWS * (ROWS - 1) // 2, "row 0")]
    assert read(f"SELECT name FROM {whole} WHERE id = 123456") == [("row 456",)]
    assert read(f"SELECT count(*) FROM read_parquet('s3://{bucket}/t/*.parquet')") == [(ROWS + 5,)]
    assert read(f"SELECT file FROM glob('s3://{bucket}/t/s*') AS found(file)") == [(f"s3://{bucket}/t/small.parquet",)]
    duck.execute(f"COPY (SELECT * FROM rows LIMIT 9) TO 's3://{bucket}/by' (FORMAT parquet, PARTITION_BY (name))")
    assert read(f"SELECT sum(id) FROM read_parquet('s3://{bucket}/by/*/*.parquet', hive_partitioning = true) "
                "WHERE name = 'row 7'") == [(7,)]
    duck.execute(f"COPY (SELECT * FROM rows LIMIT 9) TO 's3://{bucket}/rows.csv'")
    assert read(f"SELECT count(*) FROM 's3://{bucket}/rows.csv'") == [(9,)]


Write = Callable[[str], object]


def test_each_reads_what_the_others_wrote(arrow, lazily, duck, bucket, rows):
    few = rows.slice(0, 1000)
    duck.register("few", few)
    write: dict[str, Write] = {
        "arrow": lambda path: pyarrow.parquet.write_table(few, path, filesystem=arrow),
        "polars": lambda path: polars.from_arrow(few).write_parquet(f"s3://{path}", storage_options=lazily),
        "duckdb": lambda path: duck.execute(f"COPY few TO 's3://{path}' (FORMAT parquet)"),
    }
    for writer, put in write.items():
        path = f"{bucket}/{writer}.parquet"
        put(path)
        sums = (pyarrow.compute.sum(pyarrow.parquet.read_table(path, filesystem=arrow)["id"]).as_py(),
                polars.read_parquet(f"s3://{path}", storage_options=lazily)["id"].sum(),
                duck.execute(f"SELECT sum(id) FROM 's3://{path}'").fetchone()[0])
        assert sums == (499_500,) * 3, writer
