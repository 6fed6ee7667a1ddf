"""The best constant budget on train, 832 tokens whatever the target, of 512, 640, 704, 768, 832, 896 and 1024."""


def decide(obs):
    return {"budget": max(0, 832 - obs["decoding"]), "order": list(range(len(obs["left"]))), "decodes": True}
