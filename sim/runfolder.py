"""The run folder: where the evidence of one run lies, from the first part to the last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from seatrial.sim.digest import digest_of
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.manifest import FORMAT, MANIFEST, START, About, Manifest, Phase, Start, VerdictNote, load, store
from seatrial.sim.parts import NOTHING, PART_NAME, UNFINISHED, Salvage, part_name, salvage, scan_parts
from seatrial.sim.runplace import clear, holds_run, no_run, refuse_foreign, start_of

_NO_END: Final = f"there is no {MANIFEST}: the run was stopped before its end, or is still under way"


@dataclass(frozen=True)
class RunFolder:
    """One run on disk: `run.json` at the start, Parquet parts as they come, `manifest.json` as the last file.

    A folder is *begun* by `create`, *complete* after `finish`, and *incomplete* if the run never got there or if
    something was lost since: then `why_incomplete` says so, for a loss `damage` too, and the rows before the loss can
    still be read. A complete run whose evidence was *dropped* on purpose keeps its judgement and has no rows.

    `create` and `open` raise BadInput for a folder that cannot be used; writing raises HarnessError when the disk
    refuses, and what was written before is kept.
    """

    path: Path
    """The folder."""
    start: Start
    """What was known at the start; empty when that file was lost."""
    manifest: Manifest | None = None
    """The last word, or None."""
    kept: Salvage = NOTHING
    """The parts that can be read."""
    why_incomplete: str = ""
    """What is missing, in one sentence; empty when nothing is."""
    damage: str = ""
    """What was written and cannot be read any more, in one sentence; empty: nothing, also where a run was stopped."""

    @classmethod
    def create(cls, path: Path | str, *, about: About | None = None, force: bool = False) -> RunFolder:
        """Begin a run in a new or empty folder, or in place of an earlier run.

        The evidence of an earlier run is removed, files of others never are. A folder with such files that holds no
        run is refused unless `force` says that they may lie beside the evidence.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            names = sorted(entry.name for entry in path.iterdir())
            if names and not holds_run(path, names):
                refuse_foreign(path, names, force)
            else:
                clear(path)
            folder = cls(path, Start(about or About()), why_incomplete="the run has not ended")
            store(folder.start, path / START)
        except (OSError, HarnessError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            hint = "choose a folder that you may write to: --out DIR"
            raise BadInput(f"cannot write a run folder here ({reason})", value=str(path), hint=hint) from None
        return folder

    @classmethod
    def open(cls, path: Path | str) -> RunFolder:
        """A run that was written before, complete or not."""
        path = Path(path)
        names = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
        if not holds_run(path, names):
            raise no_run(path, names)
        manifest, spoilt = _last_word(path)
        start = start_of(path, manifest)
        if manifest is not None and manifest.dropped:
            return cls(path, start, manifest)
        kept = salvage(path)
        damage = "; ".join(filter(None, (spoilt, _lost(manifest, kept))))
        stopped = "" if (path / MANIFEST).exists() else _NO_END
        return cls(path, start, manifest, kept, "; ".join(filter(None, (stopped, damage))), damage)

    @property
    def complete(self) -> bool:
        """Whether the run came to its end and nothing of it is lost."""
        return not self.why_incomplete

    @property
    def about(self) -> About:
        """Scenario, seed, integration and versions of the run."""
        return self.start.about

    def scan(self) -> pl.LazyFrame:
        """The evidence, read when it is asked for: the way to read a long run. Raises BadInput where it was dropped."""
        self._check_rows()
        return scan_parts(list(self.kept.parts))

    def frame(self) -> pl.DataFrame:
        """The evidence in memory."""
        return self.scan().collect()

    def digest(self) -> str:
        """The digest of the rows on disk, computed anew, part by part; a sound run's manifest says the same."""
        self._check_rows()
        return digest_of(self._pages())

    def keep(self, name: str, text: str) -> Path:
        """Write a file beside the evidence that belongs to the run and goes when the run is replaced.

        It is whole or not there. Raises HarnessError when the disk refuses.
        """
        path = self.path / name
        if path.parent != self.path or PART_NAME.fullmatch(name) or name in (MANIFEST, START):
            raise ValueError(f"a run keeps its own files under plain names: {name!r}")
        known = start_of(self.path)
        unfinished = path.with_name(name + UNFINISHED)
        try:
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise HarnessError(f"cannot write {path} · {error.strerror} · the evidence beside it is kept") from error
        store(msgspec.structs.replace(known, files=tuple(sorted({*known.files, name}))), self.path / START)
        return path

    def finish(
        self, *, rows: int, parts: int, digest: str, phases: tuple[Phase, ...] = (), verdict: VerdictNote | None = None
    ) -> RunFolder:
        """Write the last word, once the evidence is closed; returns the complete run."""
        manifest = Manifest(about=self.about, rows=rows, parts=parts, digest=digest, phases=phases, verdict=verdict)
        store(manifest, self.path / MANIFEST)
        return RunFolder.open(self.path)

    def judge(self, verdict: VerdictNote) -> RunFolder:
        """Add the judgement to the last word of a run that has one."""
        if self.manifest is None:
            raise HarnessError(f"only a run that has ended can be judged: {self.path} · {self.why_incomplete}")
        manifest = msgspec.structs.replace(self.manifest, verdict=verdict)
        store(manifest, self.path / MANIFEST)
        return replace(self, manifest=manifest)

    def drop_evidence(self) -> RunFolder:
        """Remove the rows of a judged run; its last word says so before the first one goes."""
        if self.manifest is None or self.manifest.verdict is None:
            raise HarnessError(f"only a judged run can do without its evidence: {self.path}")
        store(msgspec.structs.replace(self.manifest, dropped=True), self.path / MANIFEST)
        for part in salvage(self.path).parts:
            part.unlink(missing_ok=True)
        return RunFolder.open(self.path)

    def _check_rows(self) -> None:
        if self.manifest is not None and self.manifest.dropped:
            hint = "verdict and readings are there: `seatrial show RUN`; for the rows run it again and keep them"
            raise BadInput("the evidence of this run was not kept", value=str(self.path), hint=hint)

    def _pages(self) -> Iterator[pl.DataFrame]:
        for part in self.kept.parts:
            yield scan_parts([part]).collect()


def _last_word(path: Path) -> tuple[Manifest | None, str]:
    """The last word, if there is one that can be read; and why it cannot."""
    if not (path / MANIFEST).exists():
        return None, ""
    try:
        manifest = load(path / MANIFEST, Manifest)
    except BadInput as error:
        return None, str(error)
    if manifest.format > FORMAT:
        hint = "read it with that version"
        raise BadInput("the run was written by a later version of Seatrial", value=str(path), hint=hint)
    return manifest, ""


def _lost(manifest: Manifest | None, kept: Salvage) -> str:
    """Which rows cannot be read that were written; without a last word nobody knows of parts after the last."""
    if manifest is None or (kept.rows, len(kept.parts)) == (manifest.rows, manifest.parts):
        return kept.damage
    missing = f"{part_name(len(kept.parts))} is missing"
    loss = kept.damage or (missing if len(kept.parts) < manifest.parts else "its parts are not those that it wrote")
    return f"{kept.rows:,} of {manifest.rows:,} rows can be read: {loss}"
