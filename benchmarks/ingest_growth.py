"""How time and memory of `ingest` grow with the number of documents: `python benchmarks/ingest_growth.py 1000 10000`.

The documents are the words of the project's own articles in random order (about 280 syllables each), with invented
names and dates of three years; one in twenty is an edited copy of an earlier one, one in twenty another report of its
event.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vi_ner.records import read_articles

ROOT = Path(__file__).parents[1]
SURNAMES = "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý Trịnh Đinh Mai Tạ Lương Cao"
GIVEN = "An Bình Châu Dũng Giang Hà Hải Hạnh Hiền Huy Khánh Lam Linh Long Minh Nam Nga Ngọc Oanh Phúc Quân Quỳnh Sơn"
Facts = tuple[list[str], str, str]


def write_heap(path: Path, count: int, *, seed: int = 0) -> None:
    """JSONL with `count` documents."""
    rng = random.Random(seed)
    articles = read_articles(ROOT / "corpus" / "articles")
    words = [word for article in articles for word in article.text.split() if word.islower()]
    kept: list[tuple[str, Facts]] = []
    with path.open("w", encoding="utf8") as stream:
        for i in range(count):
            kind = rng.random() if kept else 1.0
            text, facts = rng.choice(kept) if kept else ("", ([], "", ""))
            if kind < 0.05:
                text = " ".join(word if rng.random() < 0.97 else rng.choice(words) for word in text.split(" "))
            else:
                facts = facts if kind < 0.1 else new_facts(rng)
                text = new_text(rng, words, facts)
            if len(kept) < 5000:
                kept.append((text, facts))
            else:
                kept[rng.randrange(5000)] = (text, facts)
            stream.write(json.dumps({"id": f"d{i}", "text": text, "date": facts[1]}, ensure_ascii=False) + "\n")


def new_facts(rng: random.Random) -> Facts:
    """Three Vietnamese and three foreign names and a day, as ISO and as a newspaper writes it."""
    surnames, given = SURNAMES.split(), GIVEN.split()
    names = [f"{rng.choice(surnames)} {rng.choice(given)} {rng.choice(given)}" for _ in range(3)]
    for _ in range(3):
        names.append(" ".join("".join(rng.choices("bdfgklmnrstvz", k=6)).capitalize() for _ in range(2)))
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2022, 2024)
    return names, f"{year}-{month:02}-{day:02}", f"{day}/{month}"


def new_text(rng: random.Random, words: list[str], facts: Facts) -> str:
    """A headline and twelve sentences of random words; every other one names somebody."""
    sentences = ["Tin " + " ".join(rng.choices(words, k=9)) + "\n"]
    for i in range(12):
        sentence = ["Hôm", *rng.choices(words, k=22)]
        if i % 2:
            sentence.insert(8, f"ông {facts[0][i // 2]} hôm {facts[2]}")
        sentences.append(" ".join(sentence) + ".")
    return "\n".join(sentences)


def main() -> None:
    """Print a row of the table for every size."""
    row = "{:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n"
    sys.stdout.write(row.format("documents", "wall s", "CPU s", "ms/doc", "peak MB", "events"))
    for size in map(int, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as folder:
            write_heap(Path(folder) / "heap.jsonl", size)
            command = [sys.executable, "-m", "vi_ner", "ingest", "heap.jsonl", "-o", "news.jsonl", "--select", "100"]
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            account = json.loads((Path(folder) / "news.ingest" / "account.json").read_text(encoding="utf8"))
            figures = [round(wall), round(cpu), round(1000 * cpu / size, 1), after.ru_maxrss // 1024]
            sys.stdout.write(row.format(size, *figures, account["links"].get("event", 0)))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
