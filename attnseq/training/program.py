"""A population's program: its steps, traced to plain tensor operations and compiled by TorchInductor.

    build_steps -> trace_steps -> compile_program -> as_steps

Tracing (`make_fx`) resolves vmap, grad and the LSTM's own backward pass, of which nothing is left but their operations:
that is what makes a call cheap, compiled or not.

Shapes: P replicas, S steps a call.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.training.memory import collection_paused
from attnseq.training.population import PopulationState, Settings, Steps

Program = Callable[..., object]
"""As `Steps`, of tensors one after the other: those of the state, of the settings, and of the call."""


@collection_paused()
def trace_steps(steps: Steps, example: Sequence) -> GraphModule:
    """`steps` as plain tensor operations for the shapes of `example`, without the cost of vmap and autograd at a call.

    Args:
        steps: from `build_steps`.
        example: what `Steps` take, with the shapes, types and device of every later call; not changed.

    Returns:
        A `Program`.
    """
    state_size, settings_size = len(PopulationState._fields), len(Settings._fields)

    def plain(*tensors: Tensor) -> tuple[()]:
        state = PopulationState(*tensors[:state_size])
        settings = Settings(*tensors[state_size : state_size + settings_size])
        steps(state, settings, *tensors[state_size + settings_size :])
        return ()

    state, settings, *batch = example
    copies = [value.clone() for value in state]  # tracing runs the steps, and they work in place
    with torch.no_grad():
        traced = make_fx(plain)(*copies, *settings, *batch)
    drop_idle(traced)
    return traced


VIEWS = frozenset((torch.ops.aten.view.default, torch.ops.aten._unsafe_view.default, torch.ops.aten.expand.default))
"""Operations that show their argument's own elements, from the first one on, in a layout that may be another."""


def drop_idle(traced: GraphModule) -> None:
    """Take views with the layout of what they view, and results that nobody reads, out of a traced program, in place.

    vmap leaves such views around each product, autograd a zero for each output without a gradient: a fifth of all
    operations. What works in place works on the same elements as before, and it is kept, as is what draws at random.
    """

    def layout(node: Node) -> object:
        value = node.meta.get("val")  # a constant that the model only closes over may have none
        return value is not None and (value.shape, value.stride())

    for node in traced.graph.nodes:
        if node.target in VIEWS and layout(node) == layout(node.args[0]):
            node.replace_all_uses_with(node.args[0])
    traced.graph.eliminate_dead_code()
    traced.recompile()


@collection_paused()
def compile_program(traced: GraphModule, example: Sequence, options: Mapping[str, bool | int]) -> Program:
    """A traced program, compiled by TorchInductor.

    Args:
        traced: from `trace_steps`; not changed.
        example: as for `trace_steps`.
        options: see `torch._inductor.config`.

    Raises:
        Exception: whatever the compiler raises.
    """
    from torch._inductor import standalone_compile  # two seconds, which only those who compile wait for

    state, settings, *batch = example
    # kernels are made for a number of threads, by which PyTorch 2.11 does not tell cached programs apart
    threads = {"cpp.threads": torch.get_num_threads()} if state.parameters.device.type == "cpu" else {}
    # the shapes are fixed and the operations plain: torch.compile would trace them once more, and take 0.1 ms a call
    # for checks that cannot fail here; torch._inductor.compile knows no cache of whole programs
    return standalone_compile(
        traced,
        [*state, *settings, *batch],
        dynamic_shapes="from_example_inputs",
        options={"config_patches": dict(options) | threads},
    )


def as_steps(program: Program) -> Steps:
    """A program with the signature of the steps that it was made from."""

    @torch.no_grad()
    def steps_(state: PopulationState, settings: Settings, *call: Tensor) -> None:
        program(*state, *settings, *call)

    return steps_
