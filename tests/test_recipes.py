from nlgan_tf.recipes import RECIPES


def test_the_paper_recipe_keeps_the_losses_of_the_paper():
    for name in ("literal", "paper"):
        stage = RECIPES[name].stage_one
        assert (stage.alpha, stage.beta, stage.loss, stage.width, stage.epochs) == (5.0, 0.5, "bce", 1.0, 40)
        assert stage.translation == 0
    assert RECIPES["literal"].stage_one.kernel_size == 3
