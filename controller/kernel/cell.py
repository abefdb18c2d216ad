"""The liquid time-constant cell: the right-hand side of its differential equation."""

from controller.kernel.activation import exp, tanh
from controller.kernel.records import Hidden, Inputs, Network


def derivative(net: Network, x: Inputs, h: Hidden, total: Hidden, dh: Hidden) -> None:
    """dh/dt = -h / tau(h) + tanh(W_in^T x + W_rec^T h + b), with 1/tau = 1 + exp(-(gain h + bias)).

    x: inputs, in [-1, 1]; h: hidden state; dh: receives the derivative, per second; total: scratch.
    The outer loops run over the sources, so that each neuron's sum keeps its order when the
    compiler vectorises over neurons. Source: Hasani et al., Liquid Time-constant Networks, 2021,
    with tau = sigmoid(gain h + bias).
    """
    for i in range(len(net.b)):
        total[i] = net.b[i]
    for j in range(len(x)):
        for i in range(len(net.b)):
            total[i] += net.w_in[j][i] * x[j]
    for j in range(len(h)):
        for i in range(len(net.b)):
            total[i] += net.w_rec[j][i] * h[j]
    for i in range(len(h)):
        rate = 1.0 + exp(-(net.tau_gain[i] * h[i] + net.tau_bias[i]))
        dh[i] = tanh(total[i]) - h[i] * rate
