import asyncio
import base64
import signal
import subprocess
import sys

import pytest
from openai import AsyncOpenAI
from test_simulator_vad import silence, speech_24k

from openai_judge import judge_server_event
from turngate.simulator.pytest_plugin import RunningSimulator

TOOL = {
    "type": "function",
    "name": "get_time",
    "description": "Tells the hour",
    "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
}
PATIENCE_S = 20


def connect(url):
    client = AsyncOpenAI(api_key="any", websocket_base_url=url.removesuffix("/realtime"), max_retries=0)
    return client.realtime.connect(model="gpt-realtime")


async def until(connection, last):
    """Take events until one of this type; each is judged, and is of the client's own class."""
    events = []
    async with asyncio.timeout(PATIENCE_S):
        while not events or events[-1].type != last:
            raw = await connection.recv_bytes()
            judge_server_event(raw)
            events.append(connection.parse_event(raw))
            assert events[-1].type != "error", events[-1]
    return events


async def text_turn(url):
    async with connect(url) as connection:
        await until(connection, "session.created")
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        await until(connection, "session.updated")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello there"}]}
        await connection.conversation.item.create(item=item)
        await connection.response.create()
        return await until(connection, "response.done")


async def audio_turn(url):
    async with connect(url) as connection:
        await until(connection, "session.created")
        await connection.session.update(
            session={"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
        )
        await until(connection, "session.updated")
        audio = silence(0.5) + speech_24k() + silence(1)
        for at in range(0, len(audio), 9600):
            await connection.input_audio_buffer.append(audio=base64.b64encode(audio[at : at + 9600]).decode())
        return await until(connection, "response.done")


async def tool_turn(url):
    async with connect(url) as connection:
        await until(connection, "session.created")
        await connection.session.update(
            session={"type": "realtime", "output_modalities": ["text"], "tools": [TOOL], "tool_choice": "auto"}
        )
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What time is it?"}]}
        await connection.conversation.item.create(item=item)
        await until(connection, "conversation.item.done")
        await connection.response.create()
        (call,) = (await until(connection, "response.done"))[-1].response.output
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "noon"}
        await connection.conversation.item.create(item=output)
        await connection.response.create()
        return call, await until(connection, "response.done")


def test_the_official_client_holds_a_written_turn(turngate_simulator):
    """Over a real connection, every event is of the client's own models."""
    done = asyncio.run(text_turn(turngate_simulator.url))[-1]
    assert done.response.status == "completed"
    assert done.response.output[0].content[0].text == "You said: Hello there"


def test_the_official_client_holds_a_spoken_turn(turngate_simulator):
    """Recorded speech goes in; a detected turn and an audible answer come out."""
    events = asyncio.run(audio_turn(turngate_simulator.url))
    names = [event.type for event in events]
    assert names.index("input_audio_buffer.speech_started") < names.index("input_audio_buffer.committed")
    audio = b"".join(base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta")
    assert len(audio) > 48_000
    assert any(audio)
    assert "seconds of speech" in events[-1].response.output[0].content[0].transcript


def test_the_official_client_holds_a_tool_call(turngate_simulator):
    """The call reaches the client, and its result the answer."""
    call, events = asyncio.run(tool_turn(turngate_simulator.url))
    assert (call.name, call.arguments) == ("get_time", '{"zone":"What time is it?"}')
    assert events[-1].response.output[0].content[0].text == "The answer from get_time is: noon."


def run(*arguments):
    command = [sys.executable, "-m", "turngate.simulator", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--listen", "nonsense:1"], 2),
        (["--listen", "tcp:0:interface=127.0.0.1", "--chaos", "7"], 2),
        (["--speed", "-1"], 2),
        (["--listen", "tcp:notaport"], 2),
    ],
)
def test_wrong_arguments_are_named_in_one_line(arguments, status):
    """No traceback, and nothing on the standard output."""
    ended = run(*arguments)
    assert ended.returncode == status
    assert ended.stdout == ""
    assert len(ended.stderr.strip().splitlines()) == 1
    assert ended.stderr.startswith("turngate simulate: ")


def test_a_port_that_is_taken_is_named_in_one_line(turngate_simulator):
    """The status is 1, and the line says which port."""
    port = turngate_simulator.url.split(":")[2].split("/")[0]
    ended = run("--listen", f"tcp:{port}:interface=127.0.0.1")
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert port in ended.stderr


def test_the_command_listens_on_every_endpoint_and_ends_when_told():
    """One line for each endpoint; SIGTERM ends it with status 0, a connected client or not."""
    endpoint = "tcp:0:interface=127.0.0.1"
    command = [sys.executable, "-m", "turngate.simulator", "--listen", endpoint, "--listen", endpoint]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert len(set(lines)) == 2
    assert all(line.startswith("simulator listening on ws://127.0.0.1:") for line in lines)
    assert all(line.endswith("/v1/realtime\n") for line in lines)


def test_the_fixture_says_why_it_could_not_start():
    """A wrong argument is reported with the command's own words."""
    with pytest.raises(RuntimeError, match="chaos"):
        RunningSimulator(["--chaos", "7"])


def test_the_fixture_can_be_stopped_twice():
    """A test may stop its simulator early, to see what its client does."""
    simulator = RunningSimulator()
    simulator.stop()
    simulator.stop()
    assert simulator.url.startswith("ws://127.0.0.1:")
