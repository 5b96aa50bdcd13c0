import numpy as np
import pytest

from nlgan_tf.errors import InputError
from nlgan_tf.networks.critic import RealnessLogits, build_critic
from nlgan_tf.training.precision import computing_in


class TestRealnessLogits:
    def test_projects_on_unit_directions(self):
        layer = RealnessLogits(scale=2.0)
        layer.build((None, 2))
        layer.set_weights([np.float32([[3.0, 0.0], [4.0, -5.0]]), np.float32([0.5, -1.0])])
        # (1, 2) on (.6, .8) is 2.2, on (0, -1) it is -2.
        np.testing.assert_allclose(layer(np.float32([[1.0, 2.0]])), [[4.9, -5.0]], rtol=1e-6)


class TestBuildCritic:
    def test_parameters_of_the_cifar_critic_by_hand(self):
        convolutions = (27 * 64 + 64) + (16 * 64 * 64 + 64) + (16 * 64 * 128 + 128) + (16 * 128 * 256 + 256)
        convolutions += 9 * 256 * 256 + 256
        realness = 2 * 4 * 4 * 256 + 2
        critic = build_critic((32, 32, 3))
        assert sum(np.prod(variable.shape) for variable in critic.trainable_variables) == convolutions + realness

    def test_every_convolution_is_normalised(self):
        critic = build_critic((8, 8, 1), width=0.2)
        images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 1)).astype("float32")
        for _ in range(30):
            critic(images, training=True)
        wrappers = [layer for layer in critic.layers if hasattr(layer, "layer")]
        assert len(wrappers) == 4
        near = images + np.float32(1e-2)
        # Four maps 1-Lipschitz but for the overlap of their kernels, and unit directions: logits move by no more.
        moved = np.abs(critic(near) - critic(images)).max()
        assert 0 < moved < 16 * np.linalg.norm((near - images)[0])

    def test_computes_by_the_policy_and_answers_in_float32(self):
        with computing_in("bfloat16"):
            critic = build_critic((8, 8, 1), width=0.1)
        assert critic.compute_dtype == "bfloat16"
        assert critic(np.zeros((2, 8, 8, 1), "float32")).dtype == "float32"

    def test_a_side_that_does_not_halve_is_refused(self):
        with pytest.raises(InputError, match="divisible by 4"):
            build_critic((30, 28, 1))
