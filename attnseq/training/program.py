"""A population's program: its steps, traced to plain tensor operations and compiled by TorchInductor.

    build_steps -> trace_steps -> compile_program -> as_steps

Tracing (`make_fx`) resolves vmap, grad and the LSTM's own backward pass. Only their plain operations are left, which
makes a call cheap, compiled or not. A loop over time (`layers.recurrence`) stays one operation.

Shapes: P replicas, S steps a call.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch._higher_order_ops.scan import scan_op
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from attnseq.training.memory import collection_paused
from attnseq.training.population import PopulationState, Settings, Steps

Program = Callable[..., object]
"""`Steps` that take tensors one after the other: those of the state, of the settings, and of the call."""


@collection_paused()
def trace_steps(steps: Steps, example: Sequence) -> GraphModule:
    """Trace `steps` to plain tensor operations for the shapes of `example`: calls then do without vmap and autograd.

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
    traced = trace(plain, [*state, *settings, *batch])
    drop_idle(traced)
    return traced


def trace(function: Callable[..., object], example: Sequence[Tensor]) -> GraphModule:
    """Trace a function of tensors, for the shapes of `example`, by tensors without content.

    The mode of these tensors is one in which the compiler can go on: loops over time count by numbers that it invents.
    """
    mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    with torch.no_grad(), mode:
        return make_fx(function)(*(mode.from_tensor(value, static_shapes=True) for value in example))


def options_of(traced: GraphModule, options: Mapping[str, bool | int]) -> dict[str, bool | int]:
    """Add to the compiler's options what a program needs: with loops, no buffer may be written over in place.

    The compiler (PyTorch 2.13) would allocate a loop's output a second time, where the next operation overwrites it.
    """
    loops = traced.graph.find_nodes(op="call_function", target=scan_op)
    return {**options, "inplace_buffers": False} if loops else dict(options)


def fake_mode(traced: GraphModule) -> FakeTensorMode:
    """Return the mode in which a program was traced."""
    first: Node = next(iter(traced.graph.nodes))
    mode: FakeTensorMode = first.meta["val"].fake_mode
    return mode


def drop_idle(traced: GraphModule) -> None:
    """Remove views that change nothing, alone or in a row, and results that nobody reads, from a program, in place.

    vmap leaves such views around each product, and autograd a zero for each output without a gradient: a fifth of all
    operations. Operations that work in place are kept, and work on the same elements as before. Random draws are kept.
    And the compiler (PyTorch 2.13) frees a constant of a loop twice that is such a view.
    """

    def layout(node: Node) -> object:
        value = node.meta.get("val")  # may be missing for a constant that the model closes over
        return isinstance(value, Tensor) and (value.shape, value.stride(), value.storage_offset(), value.dtype)

    for node in traced.graph.nodes:
        seen, known = node, layout(node)
        while known and seen.op == "call_function" and getattr(seen.target, "is_view", False):
            seen = seen.args[0]
            if layout(seen) == known:
                node.replace_all_uses_with(seen)
                break
    traced.graph.eliminate_dead_code()
    traced.recompile()


@collection_paused()
def compile_program(traced: GraphModule, example: Sequence, options: Mapping[str, bool | int]) -> Program:
    """Compile a traced program by TorchInductor.

    Args:
        traced: from `trace_steps`; not changed.
        example: as for `trace_steps`.
        options: see `torch._inductor.config`.

    Raises:
        Exception: whatever the compiler raises.
    """
    from torch._inductor import standalone_compile  # here, since the import takes two seconds

    state, settings, *batch = example
    # name the number of threads that kernels are made for: PyTorch 2.11 does not tell cached programs apart by it
    threads = {"cpp.threads": torch.get_num_threads()} if state.parameters.device.type == "cpu" else {}
    # do not use torch.compile: it would trace once more, and take 0.1 ms a call for checks that cannot fail here, as
    # shapes are fixed and operations plain; nor torch._inductor.compile, which has no cache of whole programs
    return standalone_compile(
        traced,
        [*state, *settings, *batch],
        dynamic_shapes="from_example_inputs",
        options={"config_patches": options_of(traced, options) | threads},
    )


def as_steps(program: Program) -> Steps:
    """Give a program the signature of the steps that it was made from."""

    @torch.no_grad()
    def steps_(state: PopulationState, settings: Settings, *call: Tensor) -> None:
        program(*state, *settings, *call)

    return steps_
