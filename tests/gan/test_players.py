from nlgan_tf.data.noise import NoisePriors


def test_each_generator_has_its_label_optimizer_and_delta(tiny_model):
    model = tiny_model()
    priors = NoisePriors(0.7, 0.85)
    assert model.players() == [
        (1, model.positive_generator, model.gp_optimizer, priors.delta_p),
        (0, model.negative_generator, model.gn_optimizer, priors.delta_n),
    ]
    assert model.drawing_generators() == {1: model.positive_generator, 0: model.negative_generator}
    assert model.optimizers() == [model.d_optimizer, model.gp_optimizer, model.gn_optimizer]


def test_what_is_not_known_yet_is_none(tiny_model):
    compiled = tiny_model()
    networks = compiled.discriminator, compiled.positive_generator, compiled.negative_generator
    model = type(compiled)(*networks, "estimate")
    assert [(player.optimizer, player.delta) for player in model.players()] == [(None, None)] * 2
    assert model.optimizers() == []
