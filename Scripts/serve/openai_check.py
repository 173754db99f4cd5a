"""The official client of OpenAI on the server: completions, chats, streams and errors.

    openai_check.py URL MODEL CHAT_MODEL SECRET_URL TOKEN

CHAT_MODEL has a chat template; the server at SECRET_URL wants TOKEN, and lets two requests of one sequence wait.
"""
import sys
import threading
import time
import urllib.request

import openai

URL, MODEL, CHAT, SECRET_URL, TOKEN = sys.argv[1:6]
client = openai.OpenAI(base_url=URL + "/v1", api_key="none", max_retries=0)
checks = []


def check(function):
    checks.append(function)


def refused(kind, call, words):
    try:
        call()
    except kind as error:
        assert words in str(error), f"the message is {error}"
        return error
    raise AssertionError(f"no {kind.__name__}")


@check
def models_are_listed():
    assert {MODEL, CHAT} <= {model.id for model in client.models.list()}
    assert client.models.retrieve(MODEL).id == MODEL
    refused(openai.NotFoundError, lambda: client.models.retrieve("nobody"), "nobody")


@check
def a_completion_has_text_reason_and_usage():
    answer = client.completions.create(model=MODEL, prompt="One day", max_tokens=8, temperature=0)
    assert answer.object == "text_completion" and answer.choices[0].finish_reason in ("length", "stop")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    again = client.completions.create(model=MODEL, prompt="One day", max_tokens=8, temperature=0)
    assert again.choices[0].text == answer.choices[0].text and len(answer.choices[0].text) > 0


@check
def seeds_repeat_and_n_differ():
    def ask(seed):
        answer = client.completions.create(model=MODEL, prompt="One day", max_tokens=12, temperature=1, n=3, seed=seed)
        return [choice.text for choice in sorted(answer.choices, key=lambda choice: choice.index)]
    assert ask(1) == ask(1) != ask(2) and len(set(ask(1))) > 1


@check
def many_prompts_have_many_choices():
    answer = client.completions.create(model=MODEL, prompt=["One", "Two", "Three"], max_tokens=3, n=2)
    assert [choice.index for choice in answer.choices] == list(range(6))


@check
def a_stream_says_what_the_whole_says():
    options = dict(model=MODEL, prompt="One day", max_tokens=20, temperature=0)
    whole = client.completions.create(**options).choices[0]
    chunks = list(client.completions.create(**options, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == whole.text
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert reasons[-1] == whole.finish_reason and not any(reasons[:-1])
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])


@check
def echo_and_logprobs_cover_the_prompt():
    answer = client.completions.create(model=MODEL, prompt="One day in the city", max_tokens=2, temperature=0, echo=True, logprobs=3)
    choice = answer.choices[0]
    count = answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert choice.text.startswith("One day in the city")
    assert len(choice.logprobs.tokens) == len(choice.logprobs.token_logprobs) == len(choice.logprobs.top_logprobs) == count
    assert choice.logprobs.token_logprobs[0] is None and choice.logprobs.top_logprobs[0] is None
    assert all(value <= 0 for value in choice.logprobs.token_logprobs[1:])
    assert "".join(choice.logprobs.tokens) == choice.text


@check
def stops_end_a_text_and_biases_move_it():
    options = dict(model=MODEL, prompt="One day", max_tokens=20, temperature=0)
    text = client.completions.create(**options).choices[0].text
    stop = text[3:6]
    cut = client.completions.create(**options, stop=[stop]).choices[0]
    assert cut.text == text[:text.index(stop)] and cut.finish_reason == "stop"
    forced = client.completions.create(**options, logit_bias={"70": 100}, logprobs=0).choices[0]
    assert len(set(forced.logprobs.tokens)) == 1


@check
def a_chat_answers_and_streams():
    options = dict(model=CHAT, messages=[{"role": "user", "content": "Hello"}], max_completion_tokens=12, temperature=0)
    whole = client.chat.completions.create(**options, logprobs=True, top_logprobs=2)
    assert whole.choices[0].message.role == "assistant" and whole.choices[0].finish_reason in ("length", "stop")
    assert len(whole.choices[0].logprobs.content) == whole.usage.completion_tokens
    assert len(whole.choices[0].logprobs.content[0].top_logprobs) == 2
    chunks = list(client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[0].choices[0].finish_reason is None
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason and chunks[-2].choices[0].delta.content is None
    assert chunks[-1].choices == [] and chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens


@check
def mistakes_are_bad_requests():
    refused(openai.BadRequestError, lambda: client.completions.create(model=MODEL, prompt="a", temperature=9), "temperature")
    refused(openai.BadRequestError, lambda: client.completions.create(model=MODEL, prompt=[10**9]), "token id")
    refused(openai.BadRequestError, lambda: client.completions.create(model=MODEL, prompt="a", best_of=4), "best_of")
    refused(openai.BadRequestError, lambda: client.completions.create(model=MODEL, prompt=[1] * 40_000), "40000 tokens")
    error = refused(openai.BadRequestError, lambda: client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "a"}]), "chat template")
    assert error.code == "no_chat_template" and error.type == "invalid_request_error"


@check
def unknown_models_are_not_found():
    error = refused(openai.NotFoundError, lambda: client.completions.create(model="nobody", prompt="a"), "nobody")
    assert error.code == "model_not_found"


@check
def large_bodies_are_refused():
    refused(openai.APIStatusError, lambda: client.completions.create(model=MODEL, prompt="a" * 5_000_000), "bytes")


@check
def who_has_no_secret_stays_out():
    stranger = openai.OpenAI(base_url=SECRET_URL + "/v1", api_key=TOKEN[:-1] + "x", max_retries=0)
    refused(openai.AuthenticationError, lambda: stranger.completions.create(model=MODEL, prompt="a"), "bearer token")
    friend = openai.OpenAI(base_url=SECRET_URL + "/v1", api_key=TOKEN, max_retries=0)
    assert friend.completions.create(model=MODEL, prompt="a", max_tokens=1).usage.completion_tokens == 1


def waiting_requests():
    request = urllib.request.Request(SECRET_URL + "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("mohawk_queue_requests"))


@check
def a_full_queue_says_when_to_come_back():
    friend = openai.OpenAI(base_url=SECRET_URL + "/v1", api_key=TOKEN, max_retries=0)
    streams = [friend.completions.create(
        model=MODEL, prompt="One", max_tokens=1_000_000, stream=True, extra_body={"ignore_eos": True})]
    next(iter(streams[0]))
    waiting = [threading.Thread(target=lambda: friend.completions.create(model=MODEL, prompt="Two", max_tokens=1)) for _ in range(2)]
    for thread in waiting:
        thread.start()
    until = time.monotonic() + 60
    while waiting_requests() < len(waiting):
        assert time.monotonic() < until, "two requests that should wait do not"
        time.sleep(0.05)
    error = refused(openai.RateLimitError, lambda: friend.completions.create(model=MODEL, prompt="Three", max_tokens=1), "waiting")
    assert int(error.response.headers["retry-after"]) >= 1
    streams[0].close()
    for thread in waiting:
        thread.join(20)
        assert not thread.is_alive(), "a waiting request is not answered after the first one was given up"


failures = 0
for function in checks:
    try:
        function()
        print(f"ok   openai: {function.__name__.replace('_', ' ')}")
    except Exception as error:
        failures += 1
        print(f"FAIL openai: {function.__name__.replace('_', ' ')}: {type(error).__name__}: {error}")
sys.exit(1 if failures else 0)
