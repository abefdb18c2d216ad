"""The linear decoder: hidden state to commands in output units."""

from controller.kernel.records import Hidden, Network, Outputs


def decode(net: Network, h: Hidden, y: Outputs) -> None:
    """y = W_out^T h + b_out."""
    for k in range(len(y)):
        y[k] = net.b_out[k]
    for i in range(len(h)):
        for k in range(len(y)):
            y[k] += net.w_out[i][k] * h[i]
