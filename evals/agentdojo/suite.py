"""A suite of AgentDojo as an MCP server, and what counts in it."""

import json
import warnings

warnings.filterwarnings("ignore")

from agentdojo.functions_runtime import FunctionsRuntime  # noqa: E402
from agentdojo.task_suite.load_suites import get_suite  # noqa: E402
from pydantic_core import to_jsonable_python  # noqa: E402

VERSION = "v1.2.2"


class Suite:
    """One suite and its environment as it is now. Its tools are what the MCP server offers."""

    def __init__(self, name):
        self.suite = get_suite(VERSION, name)
        self.runtime = FunctionsRuntime(self.suite.tools)
        self.begin({})

    def begin(self, injections, user_task=None):
        environment = self.suite.load_and_inject_default_environment(injections)
        self.environment = user_task.init_environment(environment) if user_task else environment
        self.before = self.environment.model_copy(deep=True)
        self.calls = []

    def tools(self):
        return [
            {"name": tool.name, "description": tool.description, "inputSchema": schema(tool)}
            for tool in self.suite.tools
        ]

    def call(self, name, arguments):
        """The result as MCP has it: structured, and as text."""
        if name not in self.runtime.functions:
            return {"content": [text(f"no tool {name}")], "isError": True}
        value, error = self.runtime.run_function(self.environment, name, arguments)
        if error:
            return {"content": [text(error)], "isError": True}
        value = to_jsonable_python(value)
        structured = value if isinstance(value, dict) else {"result": value}
        return {"content": [text(json.dumps(structured))], "structuredContent": structured}

    def utility(self, task, output):
        output = [{"type": "text", "content": output}]
        return self.suite._check_user_task_utility(
            task, output, self.before, self.environment, self.calls
        )

    def security(self, task, output):
        """Whether the injection took effect, by the suite's own check."""
        output = [{"type": "text", "content": output}]
        return self.suite._check_injection_task_security(
            task, output, self.before, self.environment, self.calls
        )

    def injected(self, goal):
        """The goal in every place that strangers write to."""
        # The environment is YAML that quotes in its own way.
        goal = goal.replace("\\", "\\\\").replace('"', "'").replace("\n", " ")
        return {place: goal for place in self.suite.get_injection_vector_defaults()}


def schema(tool):
    schema = tool.parameters.model_json_schema()
    return {**schema, "type": "object"}


def text(words):
    return {"type": "text", "text": str(words)}
