"""A real job through procrastinate's queue, by the address the store gives."""

import asyncio

import procrastinate

from db.engine import conninfo


def test_a_job_goes_through_the_queue(database_url: str) -> None:
    connector = procrastinate.PsycopgConnector(conninfo=conninfo(database_url))
    app = procrastinate.App(connector=connector)
    done: list[int] = []

    @app.task(name="note")
    def note(number: int) -> None:
        done.append(number)

    async def through() -> None:
        async with app.open_async():
            await note.defer_async(number=7)
            await app.run_worker_async(wait=False, install_signal_handlers=False)

    asyncio.run(through())
    assert done == [7]
