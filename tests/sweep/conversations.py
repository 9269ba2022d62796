"""
The golden conversations: what a client says and waits for, and what it is told where nothing goes wrong.

Every turn has words of its own, which the simulated model says back, so that an answer is known by them.
"""

from attrs import evolve, frozen
from callers import Caller, Script, Steps
from world import COMPONENT_PATH

from turngate.proxy.session import DEEPGRAM_PATH

TIME = {"name": "get_time", "description": "Tells the time."}
WEATHER = {"name": "get_weather", "description": "Tells the weather."}
LANGUAGE = {"provider": {"type": "deepgram", "version": "v2", "language_hints": ["de"]}}


def greeting(c: Caller) -> Steps:
    """The agent greets, and that is all."""
    c.settle(greeting="Well met, traveller.")
    yield c.ready()
    yield from c.settled(c.turns[0])


def written(c: Caller) -> Steps:
    """Turns in writing: one, one more, and two at once."""
    c.settle()
    yield c.ready()
    yield from c.settled(c.write("red apples"))
    yield from c.settled(c.write("green pears"))
    first = c.write("blue plums")
    second = c.write("old figs")
    yield from c.settled(first)
    yield from c.settled(second)


def spoken(c: Caller) -> Steps:
    """Turns aloud, the microphone open all the while."""
    c.settle()
    yield c.ready()
    yield from c.settled(c.speak("silver foxes"))
    yield from c.settled(c.speak("brown bears"))


def barge_in(c: Caller) -> Steps:
    """The user speaks into an answer; what was not heard of it is taken out of the conversation."""
    c.settle()
    yield c.ready()
    story = c.write("a story of the sea and of all that sail upon it by day")
    story.may_be_cut = True
    yield c.until("audio", 12)
    yield from c.settled(c.speak("enough waves"))
    c.hush()
    yield from c.settled(c.write("calm harbour"))


def tool(c: Caller) -> Steps:
    """A function of the client's, and its result."""
    c.settle({"functions": [TIME]})
    yield c.ready()
    c.results["get_time"] = "half past nine"
    yield from c.settled(c.write("What time is it?", "half past nine"))
    yield from c.settled(c.write("good night"))


def tools(c: Caller) -> Steps:
    """Two functions at once; one result comes so late that the user, who goes on, is answered before."""
    c.settle({"functions": [TIME, WEATHER]})
    yield c.ready()
    c.results.update(get_time="five to twelve", get_weather="hail and thunder")
    c.delays_s["get_weather"] = 9.0
    asked = c.write("What are the time and the weather?", "five to twelve")
    yield c.until("FunctionCallRequest")
    late = evolve(asked, token="hail and thunder")
    c.turns.append(late)
    yield c.wait(1.0)
    yield from c.settled(c.write("never mind"))
    yield from c.settled(late)


def updates(c: Caller) -> Steps:
    """Every kind of update while the agent speaks."""
    c.settle()
    yield c.ready()
    asked = c.write("a tale of two towns")
    yield c.until("AgentStartedSpeaking")
    c.update("UpdatePrompt", prompt="Always begin with: Ahoy")
    c.update("UpdateSpeak", speak={"provider": {"type": "open_ai", "speed": 1.25}})
    c.update("UpdateListen", listen=LANGUAGE)
    yield from c.settled(asked)
    yield from c.settled(c.write("warm bread"))
    asked = c.write("cold soup")
    yield c.until("AgentStartedSpeaking")
    think = {"provider": {"type": "open_ai"}, "prompt": "Always begin with: Aha", "functions": [TIME]}
    c.update("UpdateThink", think=think)
    yield from c.settled(asked)
    yield from c.settled(c.write("sweet tea"))


def lines(c: Caller) -> Steps:
    """Lines that the agent is given to say: into silence, behind what it says, and instead of it."""
    c.settle()
    yield c.ready()
    yield from c.settled(c.line("One moment please."))
    asked = c.write("tell me of the long and winding road")
    asked.may_be_cut = True
    yield c.until("AgentStartedSpeaking")
    queued = c.line("And then?", "queue")
    yield c.wait(0.2)
    yield from c.settled(c.line("Stop right there!", "interrupt"))
    yield from c.settled(queued)


def manual(c: Caller) -> Steps:
    """A component whose turns end where its audio pauses."""
    c.settle(useOpenAIManualAudioCommit=True)
    yield c.ready()
    for words in ("stone bridges", "iron gates"):
        turn = c.speak(words)
        yield c.wait(1.3)
        c.hush()
        yield from c.settled(turn)


def component(c: Caller) -> Steps:
    """A component, whose upstream begins the answers to speech by itself."""
    c.settle({"functions": [TIME]}, greeting="Good day.")
    yield c.ready()
    yield from c.settled(c.speak("white doves"))
    yield from c.settled(c.write("black swans"))
    c.results["get_time"] = "quarter to six"
    yield from c.settled(c.speak("What time is it?", "quarter to six"))


def mixed(c: Caller) -> Steps:
    """A bit of everything."""
    c.settle({"functions": [TIME]}, greeting="Hallo, hallo.")
    yield c.ready()
    yield from c.settled(c.turns[0])
    yield from c.settled(c.speak("tall towers"))
    c.update("UpdatePrompt", prompt="Always begin with: So")
    c.results["get_time"] = "ten past ten"
    yield from c.settled(c.write("What time is it?", "ten past ten"))
    # until it was played, so that the user does not speak into it
    yield c.wait(5.0)
    story = c.write("something about the wind in the willows and the rain")
    story.may_be_cut = True
    yield c.until("audio", 8)
    yield from c.settled(c.speak("deep rivers"))
    c.hush()
    c.update("UpdateSpeak", speak={"provider": {"type": "open_ai", "speed": 1.5}})
    c.line("By the way.", "queue")
    yield from c.settled(c.turns[-1])
    yield from c.settled(c.write("last orders"))


@frozen
class Conversation:
    """One of them."""

    script: Script
    path: str = DEEPGRAM_PATH

    @property
    def name(self) -> str:
        return self.script.__name__


CONVERSATIONS = (
    Conversation(greeting),
    Conversation(written),
    Conversation(spoken),
    Conversation(barge_in),
    Conversation(tool),
    Conversation(tools),
    Conversation(updates),
    Conversation(lines),
    Conversation(manual, COMPONENT_PATH),
    Conversation(component, COMPONENT_PATH),
    Conversation(mixed),
)
