"""What agent.py and bot.py have in common: their arguments, the generated protos, and running until Ctrl-C."""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "generated"))

try:
    import meridian.agent.v1.agent_service_pb2  # noqa: F401
except ModuleNotFoundError:
    from make_stubs import make_stubs

    make_stubs(HERE / "generated")


def arguments(description, agent=None):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="127.0.0.1:8081", help="of Meridian's gRPC (default %(default)s)")
    parser.add_argument("--agent", default=agent, required=agent is None, help="the agent's name")
    token = parser.add_mutually_exclusive_group(required=True)
    token.add_argument("--token-file", type=pathlib.Path, help="read again for each connect")
    token.add_argument("--token")
    return parser.parse_args()


def serve(handler, options):
    from meridian_client import AgentClient

    token = options.token or (lambda: options.token_file.read_text().strip())
    with AgentClient(options.address, token, options.agent, handler) as client:
        try:
            client.wait()
        except KeyboardInterrupt:
            pass
