"""What differs from one kind of job to another."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from db.schema import Job
from workflows.accounts.acting import Role
from workflows.home.documents import from_document, to_document
from workflows.home.store import Store

if TYPE_CHECKING:
    from workflows.jobs.work import Work

QUICK: Final = "quick"
TRAINING: Final = "training"
FETCHING: Final = "fetching"
STUDIES: Final = "studies"
LANES: Final[Mapping[str, tuple[str, ...]]] = {
    QUICK: (QUICK,),
    TRAINING: (TRAINING, FETCHING),
    STUDIES: (STUDIES,),
}
"""The queues each worker process serves, one job of a queue at a time.

What people wait for has a process of its own, and so have studies, which take hours. A training
computes while a fetch beside it waits for the network.
"""

NICENESS: Final[Mapping[str, int]] = {QUICK: 0, TRAINING: 10, STUDIES: 15}
"""How far each worker gives way to whoever asks a page, by lane: one at 10 has a tenth of the
weight of one at 0. Not more: a worker that hardly ever computes gives no sign of life. Quick jobs
are waited for as answers are."""

R = TypeVar("R")


class JobKind(ABC, Generic[R]):
    """One kind of job; each has one instance, which `registry` finds.

    Attributes:
        name: In the job's row, in commands and JSON.
        noun: What one is called in messages, with a small letter.
        queue: Where it waits.
        request: A dataclass of what the user asks; the job keeps copies of the files it names.
        role: Who may ask for one.
        stages: How the stages it reports make up the whole: the words a stage begins with, and the
            share of the work that is done when it ends. A stage that is not listed stands where
            the one before it ended.
    """

    name: str
    noun: str
    queue: ClassVar[str]
    role: ClassVar[Role] = Role.ANALYST
    request: Any
    stages: ClassVar[Sequence[tuple[str, float]]] = ()

    def title(self, request: R) -> str:
        """What people call this job."""
        del request
        return self.noun[0].upper() + self.noun[1:]

    def claim(self, subject: str, request: R) -> str | None:
        """What no two unfinished jobs may both be about; None where many may."""
        del subject, request
        return None

    def lock(self, city_id: int | None) -> str | None:
        """What no two running jobs may share; None where many may."""
        del city_id
        return None

    def check(self, store: Store, subject: str, request: R) -> None:
        """Refuse at once what could only fail later.

        Raises:
            AetherError: The request cannot be carried out.
        """

    @abstractmethod
    def work(self, work: "Work", request: R) -> None:
        """Carry the job out; what it makes is stored together with `work.finish`.

        Raises:
            AetherError: It cannot be done.
            CancelledError: The user asked for it to stop; nothing is left behind.
        """

    def abandon(self, store: Store, job: Job) -> None:
        """Undo what a job that failed or was stopped has stored; nothing for most kinds."""

    def check_resume(self, store: Store, job: Job) -> None:
        """Refuse to let a job go on that cannot.

        Raises:
            ConflictError: It cannot; the message says why.
        """

    def asked(self, document: Mapping[str, Any]) -> object:
        """What tells one request from another, of its document; requests equal in it are one."""
        return document

    def to_document(self, request: R) -> dict[str, Any]:
        """The request as plain JSON values."""
        return to_document(request)

    def from_document(self, document: Mapping[str, Any]) -> R:
        """The request that `to_document` wrote down.

        Raises:
            UnreadableDocumentError: It is not one.
        """
        request: R = from_document(self.request, document)
        return request
