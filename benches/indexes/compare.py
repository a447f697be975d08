#!/usr/bin/env python3
"""Earmark's partition beside faiss and usearch: the same vectors, the same questions, one run, one thread.

Vectors and questions are those that the bench `million_frames` writes where EARMARK_BENCH_EXPORT points; see
../README.md. Every side finds the 20 nearest frames of each question frame by itself, and its recall is measured
against exact products. What Earmark does for them is the bench's line `frames one by one`.
"""

import argparse
import json
import time
from pathlib import Path

import faiss
import numpy as np
from usearch.index import Index

SIZE = 512
K = 20
ROUNDS = 3


def truth(vectors, questions):
    """Exact nearest frames, by products in chunks."""
    best = np.full((len(questions), K), -np.inf, np.float32)
    ids = np.zeros((len(questions), K), np.int64)
    for first in range(0, len(vectors), 100_000):
        products = questions @ vectors[first : first + 100_000].T
        near = np.argpartition(-products, K, axis=1)[:, :K]
        scores = np.concatenate([best, np.take_along_axis(products, near, 1)], 1)
        numbers = np.concatenate([ids, near + first], 1)
        order = np.argsort(-scores, axis=1)[:, :K]
        best, ids = np.take_along_axis(scores, order, 1), np.take_along_axis(numbers, order, 1)
    return ids


def recall(found, ids):
    return float(np.mean([len(set(a) & set(b)) / K for a, b in zip(found, ids)]))


def timed(search, questions):
    """Median time of one question frame over some rounds, milliseconds, and what was found."""
    times, found = [], []
    for _ in range(ROUNDS):
        found = []
        for question in questions:
            begun = time.perf_counter()
            answer = search(question[None, :])
            times.append(time.perf_counter() - begun)
            found.append(answer)
    return float(np.median(times) * 1000), np.array(found)


def row(name, setting, build_s, time_ms, share, rows):
    rows.append({"index": name, "setting": setting, "build_s": round(build_s, 1), "query_ms": round(time_ms, 3),
                 "recall": round(share, 4)})
    print(f"{name:<22} {setting:<22} build {build_s:7.1f} s   query {time_ms:7.3f} ms   recall@{K} {share:.4f}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where EARMARK_BENCH_EXPORT pointed")
    parser.add_argument("--only", nargs="*", default=["hnsw", "ivfpq", "usearch"])
    parser.add_argument("--keep", type=Path, help="folder for the HNSW graph, so that a later run need not build it")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    faiss.omp_set_num_threads(1)
    vectors = np.fromfile(args.folder / "vectors.f32", np.float32).reshape(-1, SIZE)
    questions = np.fromfile(args.folder / "questions.f32", np.float32).reshape(-1, SIZE)
    ids = truth(vectors, questions)
    print(f"{len(vectors)} vectors, {len(questions)} question frames", flush=True)
    rows = []

    if "ivfpq" in args.only:
        # 256 sub-vectors of two components in four bits, as fast scan wants them, then the floats of the best.
        begun = time.perf_counter()
        lists = int(2 * len(vectors) ** 0.5)
        coarse = faiss.index_factory(SIZE, f"IVF{lists},PQ{SIZE // 2}x4fs", faiss.METRIC_INNER_PRODUCT)
        coarse.train(vectors[:: max(1, len(vectors) // (64 * lists))])
        coarse.add(vectors)
        build_s = time.perf_counter() - begun
        refined = faiss.IndexRefineFlat(coarse, faiss.swig_ptr(vectors))
        refined.k_factor = 10
        for probes in (4, 8, 16, 32, 64):
            coarse.nprobe = probes
            time_ms, found = timed(lambda q: refined.search(q, K)[1][0], questions)
            row("faiss IVFPQFastScan", f"{lists} lists, probe {probes}", build_s, time_ms, recall(found, ids), rows)
        del refined, coarse

    if "usearch" in args.only:
        begun = time.perf_counter()
        index = Index(ndim=SIZE, metric="ip", dtype="i8")
        index.add(np.arange(len(vectors)), vectors, threads=1)
        build_s = time.perf_counter() - begun
        for effort in (32, 64, 128, 256):
            index.expansion_search = effort
            time_ms, found = timed(lambda q: padded(index.search(q[0], K, threads=1).keys), questions)
            row("usearch i8", f"expansion {effort}", build_s, time_ms, recall(found, ids), rows)
        del index

    if "hnsw" in args.only:
        kept = args.keep / f"hnsw-{len(vectors)}.faiss" if args.keep else None
        if kept and kept.exists():
            index = faiss.read_index(str(kept))
            build_s = float(kept.with_suffix(".seconds").read_text())
        else:
            begun = time.perf_counter()
            index = faiss.IndexHNSWSQ(SIZE, faiss.ScalarQuantizer.QT_8bit, 32, faiss.METRIC_INNER_PRODUCT)
            index.train(vectors[::50])
            index.add(vectors)
            build_s = time.perf_counter() - begun
            if kept:
                faiss.write_index(index, str(kept))
                kept.with_suffix(".seconds").write_text(str(build_s))
        for effort in (32, 64, 128, 256):
            index.hnsw.efSearch = effort
            time_ms, found = timed(lambda q: index.search(q, K)[1][0], questions)
            row("faiss HNSWSQ", f"M 32, efSearch {effort}", build_s, time_ms, recall(found, ids), rows)

    if args.out:
        args.out.write_text(json.dumps(rows, indent=1) + "\n")


def padded(keys):
    """As many keys as wanted, -1 where there are fewer."""
    return np.pad(np.asarray(keys, np.int64), (0, K - len(keys)), constant_values=-1)


if __name__ == "__main__":
    main()
