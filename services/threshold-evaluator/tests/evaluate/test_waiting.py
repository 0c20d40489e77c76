"""What waits for a roster is taken a whole student at a time, in its order (product.md section 3)."""

from .conftest import World


async def test_a_student_of_whom_one_event_is_held_is_left_alone(world: World) -> None:
    await world.take(
        world.assignment("s1", "a1", missing=True),
        world.assignment("s2", "a1", missing=True),
        world.assignment("s1", "a2", missing=True),
    )
    await world.take(*world.roster("s1", ("u1", True)), *world.roster("s2", ("u2", True)))
    await world.pool.execute("update waiting set settled_at = clock_timestamp()")
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "select 1 from waiting where student_id = 's1' order by position limit 1 for share"
        )
        async with world.store.transaction() as tables:
            taken = [each.record.key for each in await tables.unpark(10)]
    assert taken == [b"s2"]
    async with world.store.transaction() as tables:
        taken = [each.record.key for each in await tables.unpark(10)]
    assert taken == [b"s1", b"s1"]
