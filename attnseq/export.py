"""Write a trained model to a file that needs no attnseq: `python -m attnseq.export RUN [out=model.pt2]`.

    RUN                    a run's folder, such as outputs/tutorial/mlp_attention/seed=1337
    out=model.pt2          where to write; its suffix says what. Unless given, model.pt2 in the run's folder
                           .pt2    a program for torch.export.load
                           .onnx   a model for ONNX Runtime and others; needs the extra onnx
                           .pt     the parameters under their names (state_dict), for torch.load
    plugins=my_package     modules with the choices that the run was trained with

A program and an ONNX model take any number of sequences of the task's length, in the units of the data, and give
predictions in the task's units, and the attention. What exactly is printed, and stands in the file, too. They decode
greedily. Steps of a recurrent model are written out one by one, which takes a while for long sequences.
Exit status: 0; 1 where the run cannot be used or nothing can be written; 2 for bad input; 130 after Ctrl-C.
"""

import sys

from attnseq.commandline.arguments import new_file, one_folder
from attnseq.commandline.output import enduring_output, quiet_stop

SUFFIXES = ("pt2", "onnx", "pt")


@enduring_output()
@quiet_stop()
def main() -> None:
    """Run the command; see above."""
    folder, options = one_folder(sys.argv[1:], __doc__, ("out", "plugins"))
    out = new_file("out", options.get("out", str(folder / "model.pt2")), SUFFIXES)
    from attnseq.api.command_run import command_run
    from attnseq.api.interface import interface, lines  # with PyTorch, which --help does without

    with command_run(folder, options, out) as run:
        run.export(out)
    parameters = sum(value.numel() for value in run.model.parameters())
    print(f"{out}: {parameters:,} parameters")
    if out.suffix.lower() != ".pt":
        print(*lines(interface(run.model, run.task)), sep="\n")


if __name__ == "__main__":
    main()
