"""The page in headless Chromium: it loads without complaints, answers with every model and draws their matrices, by keyboard alone.

    page_check.py URL [PICTURE.png]        CHROMIUM names the browser; skipped where there is none
"""
import asyncio
import base64
import os
import re
import shutil
import sys
import tempfile
import time
import urllib.request

import aiohttp

URL = sys.argv[1]
failures = 0


def check(name, holds):
    global failures
    failures += not holds
    print(f"{'ok  ' if holds else 'FAIL'} page: {name}")


class Tab:
    """A tab of the browser, by its debugging protocol."""

    def __init__(self, socket):
        self.socket, self.last, self.complaints = socket, 0, []

    async def call(self, method, **parameters):
        self.last += 1
        await self.socket.send_json({"id": self.last, "method": method, "params": parameters})
        while True:
            message = await self.socket.receive_json(timeout=30)
            if message.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(message["params"]["exceptionDetails"]["text"])
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] in ("error", "warning"):
                self.complaints.append(message["params"]["entry"]["text"])
            if message.get("id") == self.last:
                if "error" in message:
                    raise RuntimeError(message["error"]["message"])
                return message["result"]

    async def value(self, expression):
        return (await self.call("Runtime.evaluate", expression=expression, returnByValue=True))["result"].get("value")

    async def key(self, key, modifiers=0):
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowUp": 38}
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], modifiers=modifiers)

    async def until(self, expression, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if await self.value(expression):
                return True
            await asyncio.sleep(0.1)
        return False


async def tour(tab):
    for domain in ("Page", "Runtime", "Log"):
        await tab.call(f"{domain}.enable")
    await tab.call("Emulation.setDeviceMetricsOverride", width=1200, height=1500, deviceScaleFactor=1, mobile=False)
    await tab.call("Page.navigate", url=URL + "/")
    check("the models are there", await tab.until("document.querySelectorAll('article').length > 0", 10))
    names = await tab.value("[...document.querySelectorAll('article')].map(card => card.querySelector('h3').firstChild.data)")
    await tab.value("document.getElementById('prompt').focus()")
    stops = []
    for _ in range(12):
        stops.append(await tab.value("document.activeElement.id || document.activeElement.tagName"))
        await tab.key("Tab")
    check(f"the keyboard reaches every control ({' '.join(stops)})", {"prompt", "tokens", "temperature", "seed", "go", "layer", "head", "draw", "CANVAS"} <= set(stops))
    await tab.value("document.getElementById('prompt').focus()")
    await tab.key("Enter", modifiers=2)
    check("Ctrl-Enter runs to the end", await tab.until("document.body.dataset.state === 'done'", 60))
    texts = await tab.value("[...document.querySelectorAll('.text')].map(text => text.textContent.slice(text.firstChild.textContent.length))")
    check(f"every model answers ({', '.join(names)})", len(texts) == len(names) and all(texts))
    facts = await tab.value("[...document.querySelectorAll('dd')].map(fact => fact.textContent)")
    check(f"speeds and memory are shown ({', '.join(facts)})", len(facts) == 3 * len(names) and "–" not in facts)
    labels = await tab.value("[...document.querySelectorAll('canvas')].map(canvas => canvas.getAttribute('aria-label'))")
    check("matrices are drawn and described", len(labels) == len(names) and all(label.startswith("Mixing matrix") for label in labels))
    shades = await tab.value("new Set(document.querySelector('canvas').getContext('2d').getImageData(0, 0, 12, 12).data).size")
    check("matrices have colours", shades > 10)
    await tab.value("document.querySelector('canvas').focus()")
    before = await tab.value("document.querySelector('.cell').textContent")
    await tab.key("ArrowUp")
    check("arrow keys read entries", before != await tab.value("document.querySelector('.cell').textContent"))
    check("no warning", await tab.value("document.getElementById('warning').hidden"))
    check("no complaints" + "".join("\n     " + line for line in tab.complaints), not tab.complaints)
    if len(sys.argv) > 2:
        await tab.value("window.scrollTo(0, 0)")
        picture = await tab.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(sys.argv[2], "wb") as out:
            out.write(base64.b64decode(picture["data"]))
    # A long answer is given up by Escape.
    await tab.value("document.getElementById('tokens').value = 4000, document.getElementById('prompt').focus()")
    await tab.key("Enter", modifiers=2)
    await asyncio.sleep(0.5)
    await tab.key("Escape")
    check("Escape stops", await tab.until("document.body.dataset.state === 'done'", 5))
    await chat(tab)
    await tab.call("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1, mobile=True)
    check("a small screen needs no sideways scrolling", await tab.value("document.documentElement.scrollWidth <= 360"))


async def chat(tab):
    """Two turns and a retry with a model that has a chat template, where one is served."""
    await tab.value("document.getElementById('showChat').click()")
    if await tab.value("document.getElementById('can').hidden"):
        check("without a chat template the chat says so", await tab.value("!document.getElementById('cannot').hidden"))
        return
    await tab.value("document.getElementById('most').value = 8")
    for said in ("One day", "And then?"):
        await tab.value(f"delete document.body.dataset.chat, document.getElementById('say').value = '{said}', document.getElementById('say').focus()")
        await tab.key("Enter")
        check(f"the chat answers '{said}'", await tab.until("document.body.dataset.chat === 'done'", 30))
    turns = "[...document.querySelectorAll('.turn')].map(turn => turn.querySelector('.words').textContent)"
    said = await tab.value(turns)
    check("both turns stand there", len(said) == 4 and said[0] == "One day" and all(said))
    await tab.value("delete document.body.dataset.chat, [...document.querySelectorAll('.turn button')].findLast(button => button.textContent === 'Retry').click()")
    check("an answer can be asked for again", await tab.until("document.body.dataset.chat === 'done'", 30) and len(await tab.value(turns)) == 4)
    check("the chat warns of nothing", await tab.value("document.getElementById('warning').hidden"))
    await tab.value("document.getElementById('renew').click()")
    check("a new chat is empty", await tab.value(turns) == [])
    await tab.value("document.getElementById('showPrompt').click()")


async def main():
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    source = urllib.request.urlopen(URL + "/").read().decode()
    check("no outside resources", not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|@import|url\(""", source))
    check("every field has a label", set(re.findall(r'<(?:input|textarea|select) id="(\w+)"', source)) == set(re.findall(r'<label for="(\w+)"', source)))
    if not browser:
        print("skip page: no Chromium is installed")
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0",
            f"--user-data-dir={folder}", "about:blank", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
        try:
            for _ in range(200):
                if os.path.exists(folder + "/DevToolsActivePort"):
                    break
                await asyncio.sleep(0.1)
            port = open(folder + "/DevToolsActivePort").read().split()[0]
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    address = next(tab for tab in await answer.json() if tab["type"] == "page")["webSocketDebuggerUrl"]
                async with session.ws_connect(address, max_msg_size=0) as socket:
                    await tour(Tab(socket))
        finally:
            process.terminate()
            await process.wait()


asyncio.run(main())
sys.exit(1 if failures else 0)
