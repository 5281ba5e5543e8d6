#!/usr/bin/env python3
"""Rewrites an RVM graph so that the same sums are done with less work: quicken_rvm.py IN.onnx OUT.onnx

- The graph ends before its guided filter, with alpha at the smaller size and the guide, the mean of the colours there: the filter is a
  simple loop outside. The clean colours are left out;
- A 3×3 convolution of a picture that was doubled in size by straight interpolation is a 3×3 convolution of the small picture with four
  times the channels, one set for each of the four places a pixel can have;
- a mean over three channels is a 1×1 convolution;
- halving by straight interpolation is a 2×2 average;
- slices that keep everything are left out.

Needs numpy and onnx; prints how far the outputs lie apart where onnxruntime is there too."""
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference

# Rows: the three pixels of the small picture; columns: the three of the doubled one that a 3×3 kernel sees, for the first and the second place.
TAPS = np.array([[[0.75, 0.25, 0.0], [0.25, 0.75, 0.75], [0.0, 0.0, 0.25]], [[0.25, 0.0, 0.0], [0.75, 0.75, 0.25], [0.0, 0.25, 0.75]]], np.float32)


def axis(node):
    return next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)


def widen(values, scale, zero, along):
    shape = [-1 if at == along else 1 for at in range(values.ndim)] if scale.ndim else []
    return (values.astype(np.float32) - zero.astype(np.float32).reshape(shape)) * scale.reshape(shape)


def quicken(model):
    inferred = shape_inference.infer_shapes(model).graph
    shapes = {value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
              for value in [*inferred.value_info, *inferred.input, *inferred.output]}
    graph = model.graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    # Weights are kept in 8 bits and widened when the graph is loaded.
    weights |= {node.output[0]: widen(*(weights[name] for name in node.input), axis(node)) for node in graph.node if node.op_type == "DequantizeLinear"}
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    maker = {name: node for node in graph.node for name in node.output}
    replaced, dropped, renamed = {}, set(), {}

    widened = []

    def constant(name, array):
        if array.dtype == np.float32:
            graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array.astype(np.float16)), f"{name}_16"))
            widened.append(helper.make_node("Cast", [f"{name}_16"], [name], to=onnx.TensorProto.FLOAT))
        else:
            graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def doubles(node):
        return node.op_type == "Resize" and [2 * size for size in shapes[node.input[0]][2:]] == shapes[node.output[0]][2:]

    def numbers(*values):
        name = "numbers_" + "_".join(str(value) for value in values).replace("-", "m")
        if not any(tensor.name == name for tensor in graph.initializer):
            constant(name, np.array(values, np.int64))
        return name

    def factors(down, across):
        name = f"factors_{down}_{across}"
        if not any(tensor.name == name for tensor in graph.initializer):
            graph.initializer.append(numpy_helper.from_array(np.array([1, 1, down, across], np.float32), name))
        return name

    def conv_of(source, name, kernel, out):
        size = list(kernel.shape[2:])
        return helper.make_node("Conv", [source, constant(name, kernel.astype(np.float32))], [out], kernel_shape=size, strides=[1, 1])

    def without_beyond(name, source, size, kernel):
        """The doubled picture ends at its rim, where the kernel sees nothing; the padded one goes on. The four sides' share is taken off."""
        nodes, sides = [], {}
        for axis_, place in ((3, 0), (3, 1), (2, 0), (2, 1)):
            side, last = f"{name}_side{axis_}{place}", size[axis_ - 2] - 1
            line = [numbers(last if place else 0), numbers(last + 1 if place else 1), numbers(axis_)]
            across = axis_ == 2
            strip = kernel[:, :, 2 * place: 2 * place + 1] if across else kernel[:, :, :, 2 * place: 2 * place + 1]
            nodes += [
                helper.make_node("Slice", [source, *line], [f"{side}_line"]),
                helper.make_node("Resize", [f"{side}_line", "", factors(1, 2) if across else factors(2, 1)], [f"{side}_long"], mode="linear",
                                 coordinate_transformation_mode="half_pixel"),
                # Corners belong to the upper and lower side.
                helper.make_node("Pad", [f"{side}_long", numbers(0, 0, 0, 1, 0, 0, 0, 1) if across else numbers(0, 0, 1, 0, 0, 0, 1, 0)], [f"{side}_padded"],
                                 mode="edge" if across else "constant"),
                conv_of(f"{side}_padded", f"{side}_kernel", strip, f"{side}_share"),
            ]
            sides[axis_, place] = f"{side}_share"
        current = f"{name}_beyond"
        for axis_ in (3, 2):
            end = 2 * size[axis_ - 2]
            parts = []
            for at, (start, stop) in enumerate(((0, 1), (1, end - 1), (end - 1, end))):
                part = f"{name}_part{axis_}{at}"
                nodes.append(helper.make_node("Slice", [current, numbers(start), numbers(stop), numbers(axis_)], [part]))
                if at != 1:
                    nodes.append(helper.make_node("Sub", [part, sides[axis_, at // 2]], [f"{part}_less"]))
                    part = f"{part}_less"
                parts.append(part)
            current = f"{name}_whole" if axis_ == 3 else f"{name}_large"
            nodes.append(helper.make_node("Concat", parts, [current], axis=axis_))
        return nodes

    pads = numbers(0, 0, 1, 1, 0, 0, 1, 1)
    for node in graph.node:
        if node.op_type == "Slice" and shapes[node.input[0]] == shapes[node.output[0]]:
            dropped.add(node.output[0])
            renamed[node.output[0]] = node.input[0]
    for node in graph.node:
        if node.op_type == "Resize" and [size // 2 for size in shapes[node.input[0]][2:]] == shapes[node.output[0]][2:]:
            replaced[node.output[0]] = [helper.make_node("AveragePool", [node.input[0]], list(node.output), kernel_shape=[2, 2], strides=[2, 2])]
        if node.op_type != "Concat":
            continue
        first = maker.get(renamed.get(node.input[0], node.input[0]))
        conv, = users[node.output[0]] if len(users.get(node.output[0], [])) == 1 else (None,)
        if first is None or conv is None or not doubles(first) or conv.op_type != "Conv" or weights[conv.input[1]].shape[2:] != (3, 3):
            continue
        name, kernel, channels = conv.output[0], weights[conv.input[1]], shapes[first.input[0]][1]
        outputs = kernel.shape[0]
        # Input channel (row place, column place, output channel), as DepthToSpace reads it.
        small = np.einsum("pab,qcd,oibd->pqoiac", TAPS, TAPS, kernel[:, :channels]).reshape(4 * outputs, channels, 3, 3)
        rest = list(node.input[1:])
        nodes = [
            helper.make_node("Pad", [first.input[0], pads], [f"{name}_padded"], mode="edge"),
            conv_of(f"{name}_padded", f"{name}_small", small, f"{name}_places"),
            helper.make_node("DepthToSpace", [f"{name}_places"], [f"{name}_beyond"], blocksize=2, mode="DCR"),
            *without_beyond(name, first.input[0], shapes[first.input[0]][2:], kernel[:, :channels]),
        ]
        joined = rest[0]
        if len(rest) > 1:
            joined = f"{name}_joined"
            nodes.append(helper.make_node("Concat", rest, [joined], axis=1))
        beside = helper.make_node("Conv", [joined, constant(f"{name}_rest", kernel[:, channels:]), *conv.input[2:]], [f"{name}_beside"])
        beside.attribute.extend(conv.attribute)
        nodes += [beside, helper.make_node("Add", [f"{name}_large", f"{name}_beside"], [name])]
        replaced[name] = nodes
        dropped |= {node.output[0], first.output[0]}
    # The last convolution that makes colours and alpha, and the small picture that the filter is guided by.
    parts, = [node for node in graph.node if node.op_type == "Split" and shapes[node.input[0]][1] == 4 and shapes[node.input[0]][2:] != shapes["src"][2:]]
    last = maker[parts.input[0]]
    mean, = [node for node in graph.node if node.op_type == "ReduceMean" and node.input[0] != "src"]
    ends = [
        helper.make_node("Conv", [last.input[0], constant("alpha_kernel", weights[last.input[1]][3:]), constant("alpha_bias", weights[last.input[2]][3:])],
                         ["alpha"], kernel_shape=[1, 1], strides=[1, 1]),
        conv_of(mean.input[0], "guide_kernel", np.full((1, 3, 1, 1), 1 / 3), "guide"),
    ]
    nodes = widened
    for node in graph.node:
        if node.output[0] in replaced:
            nodes += replaced[node.output[0]]
        elif node.output[0] not in dropped:
            nodes.append(node)
    for node in nodes:
        for at, name in enumerate(node.input):
            node.input[at] = renamed.get(name, name)
    del graph.node[:]
    graph.node.extend(nodes)
    nodes += ends
    wanted, needed = {"alpha", "guide"}, []
    for node in reversed(nodes):
        if wanted & set(node.output):
            needed.append(node)
            wanted |= set(node.input)
    del graph.node[:]
    graph.node.extend(reversed(needed))
    del graph.output[:]
    small = [1, 1, *shapes[mean.input[0]][2:]]
    graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, small) for name in ("alpha", "guide"))
    used = {name for node in needed for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
    onnx.checker.check_model(model)
    return model


def filtered(alpha, guide, picture):
    """The guided filter as RVM has it: boxes of 3×3, an epsilon of 1e-5."""
    def box(plane):
        rows = plane[..., :-2, :] + plane[..., 1:-1, :] + plane[..., 2:, :]
        return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9

    slope = (box(guide * alpha) - box(guide) * box(alpha)) / (box(guide * guide) - box(guide) ** 2 + 1e-5)
    offset = box(alpha) - slope * box(guide)
    return stretched(slope, picture.shape[2:]) * picture + stretched(offset, picture.shape[2:])


def stretched(planes, size):
    """Straight interpolation between the centres of pixels."""
    for axis_, length in zip((2, 3), size):
        at = ((np.arange(length) + 0.5) * planes.shape[axis_] / length - 0.5).clip(0, planes.shape[axis_] - 1)
        low = np.minimum(at.astype(int), planes.shape[axis_] - 2)
        part = (at - low).reshape([-1 if axis_ == other else 1 for other in range(4)])
        planes = planes.take(low, axis_) * (1 - part) + planes.take(low + 1, axis_) * part
    return planes


def main():
    before, after = sys.argv[1:3]
    onnx.save(quicken(onnx.load(before)), after)
    try:
        import onnxruntime
    except ImportError:
        return
    sessions = [onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in (before, after)]
    shape = sessions[0].get_inputs()[0].shape
    picture = np.random.default_rng(1).random(shape, np.float32)
    whole, = sessions[0].run(["pha"], {"src": picture})
    alpha, guide = sessions[1].run(["alpha", "guide"], {"src": picture})
    guided = filtered(alpha, guide, picture.mean(1, keepdims=True))
    print(f"largest difference of alpha {np.abs(whole - guided.clip(0, 1)).max():.2e}")


main()
