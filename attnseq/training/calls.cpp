// Calls a program that AOTInductor compiled many times in a row, without Python.
//
// The program's C interface is that of torch/csrc/inductor/aoti_runtime/interface.h; tensors are made by the stable
// functions of torch/csrc/inductor/aoti_torch/c/shim.h. Both come as pointers: no header of PyTorch is read and nothing
// is linked, so that this file is compiled in a fraction of a second.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using Tensor = void *;       // AtenTensorHandle
using Status = std::int32_t; // AOTITorchError, AOTIRuntimeError: 0 is success
constexpr std::int32_t CPU = 0;

} // namespace

extern "C" {

// These two are known to library.py, too.
struct Functions {
  Status (*from_blob)(void *data, std::int64_t dimensions, const std::int64_t *sizes, const std::int64_t *strides,
                      std::int64_t offset, std::int32_t dtype, std::int32_t device, std::int32_t index, Tensor *made);
  Status (*another_handle)(Tensor tensor, Tensor *made);
  Status (*delete_handle)(Tensor tensor);
  Status (*run)(void *program, Tensor *inputs, std::size_t input_count, Tensor *outputs, std::size_t output_count,
                void *stream, void *proxy_executor);
};

struct Argument {
  char *data;          // of the first call
  std::int64_t stride; // bytes from one call's values to the next one's; 0: the same values for all calls
  std::int64_t dimensions;
  const std::int64_t *sizes;
  const std::int64_t *strides;
  std::int32_t dtype;
};

// Until all calls are made, one fails, or another thread sets `halted`. Returns 0, or the status of what failed.
Status run_calls(const Functions *functions, void *program, const Argument *arguments, std::int64_t count,
                 std::int64_t calls, const volatile std::int32_t *halted) {
  Status status = 0;
  auto make = [&](const Argument &argument, std::int64_t call, Tensor *made) {
    return functions->from_blob(argument.data + call * argument.stride, argument.dimensions, argument.sizes,
                                argument.strides, 0, argument.dtype, CPU, -1, made);
  };
  std::vector<Tensor> lasting(count, nullptr), inputs(count, nullptr);
  for (std::int64_t n = 0; n < count && status == 0; ++n)
    if (arguments[n].stride == 0)
      status = make(arguments[n], 0, &lasting[n]);
  for (std::int64_t call = 0; call < calls && status == 0 && !*halted; ++call) {
    for (std::int64_t n = 0; n < count && status == 0; ++n)
      status = lasting[n] ? functions->another_handle(lasting[n], &inputs[n]) : make(arguments[n], call, &inputs[n]);
    if (status == 0) // the program takes over the handles
      status = functions->run(program, inputs.data(), inputs.size(), nullptr, 0, nullptr, nullptr);
    else
      for (Tensor tensor : inputs)
        if (tensor)
          functions->delete_handle(tensor);
    std::fill(inputs.begin(), inputs.end(), nullptr);
  }
  for (Tensor tensor : lasting)
    if (tensor)
      functions->delete_handle(tensor);
  return status;
}
}
